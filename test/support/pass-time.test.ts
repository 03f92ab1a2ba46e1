import { createHash, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { passTime } from './pass-time.ts';

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('Time passes', () => {
  it('as far as a call waits for it', async () => {
    const { result, waited } = await passTime(async () => {
      await sleep(40_000);
      await Promise.race([sleep(20_000), sleep(50_000)]);
      return 'done';
    });
    expect([result, waited]).toEqual(['done', 60_000]);
  });

  it('for what a call leaves behind', async () => {
    let left = false;
    const { waited } = await passTime(async () => {
      sleep(10_000).then(() => {
        left = true;
      });
    });
    expect([left, waited]).toEqual([true, 0]);
  });

  it('in a call that fails', async () => {
    const failing = passTime(async () => {
      await sleep(1_000);
      throw new Error('as expected');
    });
    await expect(failing).rejects.toThrow('as expected');
  });
});

describe('No time passes', () => {
  /** A deadline that stands for those of the code under test. */
  const within = (work: () => Promise<unknown>) => async () => {
    const late = sleep(1_000).then(() => 'late');
    return Promise.race([work().then(() => 'in time'), late]);
  };

  it('while other threads hash and sign', async () => {
    const { subtle } = webcrypto;
    const work = async () => {
      const { privateKey } = await subtle.generateKey(
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
        false,
        ['sign', 'verify'],
      );
      for (let count = 0; count < 10; count++) {
        await subtle.sign('RSASSA-PKCS1-v1_5', privateKey, createHash('sha256').update(`${count}`).digest());
      }
    };
    expect((await passTime(within(work))).result).toBe('in time');
  });

  it('while requests are on their way', async () => {
    const server = createServer((incoming, response) => incoming.resume().on('end', () => response.end('x')));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const exchange = () =>
      new Promise((resolve, reject) => {
        const sent = request({ port, host: 'localhost', family: 4, method: 'POST' }, (response) => {
          response.resume().on('end', resolve);
        });
        sent.on('error', reject).end('x'.repeat(10_000));
      });
    const work = async () => {
      for (let count = 0; count < 100; count++) await exchange();
    };
    expect((await passTime(within(work))).result).toBe('in time');
    server.closeAllConnections();
    server.close();
  });

  it('in real seconds', async () => {
    const { result } = await passTime(() => Promise.race([sleep(600_000).then(() => 'fake'), pause(600_000, 'real')]));
    expect(result).toBe('fake');
  });
});
