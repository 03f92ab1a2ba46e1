const reasons = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'this user may not write there'],
  ['EPERM', 'this user may not write there'],
]);

// LevelDB, which stores the embedded table, gives no code: `IO error: /data/000007.log: No space left on device`.
const levelCodes = new Map([
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Disc quota exceeded', 'EDQUOT'], // macOS
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
  ['Operation not permitted', 'EPERM'],
]);

/**
 * Explains a failed file operation in one sentence. Returns undefined for any other error.
 * @param {unknown} error
 */
export function diskProblem(error) {
  if (!(error instanceof Error)) return undefined;
  const { code = '', path } = readLevelError(error) ?? /** @type {NodeJS.ErrnoException} */ (error);
  const reason = reasons.get(code);
  if (reason === undefined) return undefined;
  return path === undefined ? `cannot write a file: ${reason}` : `cannot write ${path}: ${reason}`;
}

/** @param {Error} error */
function readLevelError({ message }) {
  const [, path, text = ''] = /^IO error: (.+): ([^:]+)$/.exec(message) ?? [];
  return path === undefined ? undefined : { code: levelCodes.get(text), path };
}
