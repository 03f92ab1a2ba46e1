const reasons = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'this user may not write there'],
  ['EPERM', 'this user may not write there'],
]);

/**
 * Explains a failed file operation in one sentence. Returns undefined for any other error.
 * @param {unknown} error
 */
export function diskProblem(error) {
  if (!(error instanceof Error)) return undefined;
  const { code = '', path } = /** @type {NodeJS.ErrnoException} */ (error);
  const reason = reasons.get(code);
  if (reason === undefined) return undefined;
  return path === undefined ? `cannot write a file: ${reason}` : `cannot write ${path}: ${reason}`;
}
