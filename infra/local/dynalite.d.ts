declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The options used here. `path` is a LevelDB directory; without it, the data is in memory. */
  export default function dynalite(options: {
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }): Server;
}
