// Preloaded into a process: when a file `full` is in the directory of a LevelDB database, a write fails as on a full disk.
const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const { ClassicLevel } = createRequire(require.resolve('level'))('classic-level');

for (const name of ['_put', '_batch']) {
  const write = ClassicLevel.prototype[name];
  ClassicLevel.prototype[name] = async function (...args) {
    if (!existsSync(join(this.location, 'full'))) return write.apply(this, args);
    const message = `IO error: ${join(this.location, '000005.log')}: No space left on device`;
    throw Object.assign(new Error(message), { code: 'LEVEL_IO_ERROR' });
  };
}
