import { randomBytes } from 'node:crypto';
import { handleKeys } from '../lib/config.ts';
import { type HandleKind, handleKinds } from '../lib/oauth/handle.ts';
import { handleKeyId } from '../lib/oauth/handle-key.ts';
import { makeWithPlainId } from '../lib/oauth/identifier.ts';

/** The variables with the keys of handles, in which each kind has its own. */
export type HandleKeys = Readonly<Record<(typeof handleKeys)[HandleKind][0], string>>;

export const handleKeyVariables = handleKinds.map((kind) => handleKeys[kind][0]);

/** Makes a secret for each kind of handle. They are independent, so none reveals another. */
export const createHandleKeys = (): HandleKeys =>
  Object.fromEntries(handleKinds.map((kind) => [handleKeys[kind][0], createSecret(kind)])) as HandleKeys;

const createSecret = (kind: HandleKind): string =>
  makeWithPlainId(
    () => randomBytes(32),
    (secret) => handleKeyId(secret, kind),
  ).toString('base64url');
