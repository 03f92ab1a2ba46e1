import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Demo } from './seed.ts';

interface Settings {
  issuer: string;
  client_id: string;
  client_secret: string;
  spa_client_id: string;
}

interface App {
  readonly origin: string;
  configure(settings: Settings): void;
  stop(): void;
}

/** The demo app next to the service. It listens before it is configured, because its origin must be registered first. */
export interface DemoApp {
  readonly origin: string;
  serve(issuer: string, demo: Demo): void;
  stop(): Promise<void>;
}

/** @param port if this port is taken, any free port is used */
export async function startDemoApp(root: string, port: number): Promise<DemoApp> {
  // Imported by path and not bundled: the app runs as its users would run it.
  const file = join(root, 'examples/web-app/app.mjs');
  const { startApp } = (await import(pathToFileURL(file).href)) as { startApp(port: number): Promise<App> };
  const app = await startApp(port).catch(() => startApp(0));
  return {
    origin: app.origin,
    serve(issuer, { clients: { web, spa } }) {
      const { client_id = '', client_secret = '' } = web ?? {};
      app.configure({ issuer, client_id, client_secret, spa_client_id: spa?.client_id ?? '' });
    },
    stop: async () => app.stop(),
  };
}
