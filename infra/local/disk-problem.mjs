const reasons = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'it is on a file system that is read-only'],
  ['EACCES', 'this user has no rights to write there'],
  ['EPERM', 'this user has no rights to write there'],
]);

/**
 * What a failed file operation means to whoever started the program, in one sentence; undefined for any other error.
 * @param {unknown} error
 */
export function diskProblem(error) {
  if (!(error instanceof Error)) return undefined;
  const { code = '', path } = /** @type {NodeJS.ErrnoException} */ (error);
  const reason = reasons.get(code);
  if (reason === undefined) return undefined;
  return path === undefined ? `cannot write a file: ${reason}` : `cannot write ${path}: ${reason}`;
}
