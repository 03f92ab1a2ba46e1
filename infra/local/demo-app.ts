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

/** The demo app beside the service. It listens at once, because its origin has to be registered before it can be used. */
export interface DemoApp {
  readonly origin: string;
  serve(issuer: string, demo: Demo): void;
  stop(): Promise<void>;
}

/** @param port another one is taken if this is not free */
export async function startDemoApp(root: string, port: number): Promise<DemoApp> {
  // Not part of this program: it is what users of the service would write, and runs as they would run it.
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
