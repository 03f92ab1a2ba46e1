import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// docs/design.md section 6: who may import whom.

/** From the lowest to the highest. Folders of one layer do not know each other. */
const LAYERS = [
  ['lib/oauth'],
  ['lib/http', 'lib/store', 'lib/keys', 'lib/secrets'],
  ['lib/kms', 'lib/revocation', 'lib/guessing', 'lib/pages'],
  ['lib/key-registry', 'lib/tokens', 'lib/users'],
  ['lib/client-authentication', 'lib/grants', 'lib/authorizer', 'lib/interaction'],
  ['lib/endpoints', 'lib/jobs'],
  ['lib/wiring'],
  ['functions'],
];

/** The files outside the layers: what they may import, and who may import them. */
interface Outside {
  readonly mayImport: (target: string, isType: boolean) => boolean;
  readonly mayBeImported: (by: string, isType: boolean) => boolean;
}

/** Who joins what the other folders have. */
const JOINING = ['lib/wiring', 'functions'];

/** Imports no other file of this repository, so every file may import it. */
const BASE: Outside = { mayImport: () => false, mayBeImported: () => true };

/** The folders with the types of what a variable holds. */
const CONFIGURED = ['lib', 'lib/oauth', 'lib/keys', 'lib/kms'];

const OUTSIDE: Readonly<Record<string, Outside>> = {
  'lib/base64url.ts': BASE,
  'lib/clause.ts': BASE,
  'lib/clock.ts': BASE,
  'lib/in-parallel.ts': BASE,
  'lib/bounded-map.ts': BASE,
  'lib/lazy.ts': BASE,
  'lib/unicode.ts': BASE,
  // A pure function, which costs nothing to have twice. No class: where the client is a bundle of its own, there would be two.
  'lib/aws-signature.ts': {
    mayImport: () => false,
    mayBeImported: (by, isType) => by === 'lib/aws-client.ts' || (isType && by === 'lib/config.ts'),
  },
  'lib/aws-client.ts': {
    mayImport: (target) => ['lib/aws-signature.ts', 'lib/clock.ts'].includes(target),
    mayBeImported: (by) => ['lib/store', 'lib/kms'].includes(folderOf(by)),
  },
  'lib/config.ts': {
    mayImport: (target) => CONFIGURED.includes(folderOf(target)),
    mayBeImported: (by) => folderOf(by) === 'lib/wiring',
  },
  'lib/config-values.ts': {
    mayImport: (target) => CONFIGURED.includes(folderOf(target)),
    mayBeImported: (by) => by === 'lib/config.ts',
  },
  'lib/container.ts': {
    mayImport: (target) => target === 'lib/log.ts',
    mayBeImported: (by) => ['lib/http', 'lib/authorizer', 'lib/jobs'].includes(folderOf(by)),
  },
  'lib/extensions.ts': {
    mayImport: (target, isType) => isType || target === 'lib/oauth/errors.ts',
    mayBeImported: (by, isType) => isType || JOINING.includes(folderOf(by)),
  },
  'lib/log.ts': { mayImport: () => false, mayBeImported: (by) => folderOf(by) !== 'lib/oauth' },
};

/** Packages besides Node's own modules, and the one folder or file that knows them. */
const PACKAGES: readonly { readonly name: RegExp; readonly place: string; readonly typesOnly: boolean }[] = [
  { name: /^@aws-sdk\/client-kms$/, place: 'lib/kms/kms.ts', typesOnly: true },
  { name: /^aws-lambda$/, place: 'lib/http', typesOnly: true },
  { name: /^jose$/, place: 'lib/tokens/jwe-cipher.ts', typesOnly: false },
];

/** Loaded when they are needed, because they are bundles of their own: see infra/build.mjs. */
const LATER = ['lib/tokens/jwe-cipher.ts'];

/** Says which version it is that refuses newer data. */
const KNOWS_THE_VERSION = 'lib/store/schema.ts';

/** The programs of `infra`: nothing outside of a program's folder imports from it, and others start it by its entry. */
const PROGRAMS: readonly { readonly folder: string; readonly entries: readonly string[] }[] = [
  { folder: 'infra/local', entries: ['start.mjs'] },
  { folder: 'infra/cli', entries: ['latchkey.mjs', 'prepare.mjs'] },
];

const folderOf = (file: string) => posix.dirname(file);
const layerOf = (file: string) => LAYERS.findIndex((folders) => folders.includes(folderOf(file)));

/** Every import in a source text: static, of types, dynamic, for its effect, and re-exports. */
function importsOf(source: string) {
  const statements = [
    ...source.matchAll(/^\s*(import|export)\s+(type\s+)?[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    ...source.matchAll(/^\s*(import)\s*()['"]([^'"]+)['"]/gm),
    ...source.matchAll(/(?<![.\w])(import|require)\s*()\(\s*['"`]([^'"`]+)['"`]/g),
  ];
  return statements.map(([statement, word, type, specifier = '']) => ({
    specifier,
    isLater: /^import\s*\(/.test(statement),
    isType: !!type,
    isExport: word === 'export',
  }));
}

/** What is wrong with a file of `lib` or `functions`, in words. */
function violationsOf(file: string, source: string): string[] {
  const found: string[] = [];
  if (folderOf(file) !== 'lib' ? layerOf(file) < 0 : !OUTSIDE[file]) found.push('has no place in the layers');
  if (posix.basename(file) === 'index.ts') found.push('is a barrel');
  if (file !== 'lib/config.ts' && /\bprocess\s*[.[]\s*['"`]?env\b|node:process/.test(source))
    found.push('reads the environment');
  if (source.split('\n').length > (folderOf(file) === 'functions' ? 21 : 251)) found.push('is too long');

  for (const { specifier, isType, isExport, isLater } of importsOf(source)) {
    if (isExport) found.push(`exports from ${specifier}`);
    if (!specifier.startsWith('.')) {
      const known = PACKAGES.find(({ name }) => name.test(specifier));
      const isAllowed = known && [folderOf(file), file].includes(known.place) && (isType || !known.typesOnly);
      if (!isAllowed && !isBuiltin(specifier)) found.push(`imports ${specifier}`);
      continue;
    }
    const target = posix.join(folderOf(file), specifier);
    if (!mayImport(file, target, isType)) found.push(`imports ${target}`);
    if (LATER.includes(target) && !isType && !isLater) found.push(`imports ${target} at start`);
  }
  return found;
}

function mayImport(file: string, target: string, isType: boolean): boolean {
  const from = OUTSIDE[file];
  const to = OUTSIDE[target];
  if (from && !from.mayImport(target, isType)) return false;
  if (to) return to.mayBeImported(file, isType);
  if (target === 'package.json') return file === KNOWS_THE_VERSION;
  if (layerOf(target) < 0) return false;
  return from !== undefined || folderOf(file) === folderOf(target) || layerOf(target) < layerOf(file);
}

const isIn = (folder: string, file: string) => file.startsWith(`${folder}/`);

/** What a file imports from inside a program that it is no part of. */
const trespassesOf = (file: string, source: string): string[] =>
  importsOf(source)
    .map(({ specifier }) => (specifier.startsWith('.') ? posix.join(folderOf(file), specifier) : specifier))
    .filter((target) => PROGRAMS.some(({ folder }) => isIn(folder, target) && !isIn(folder, file)))
    .map((target) => `imports ${target}`);

const root = fileURLToPath(new URL('..', import.meta.url));
const sourcesIn = (folder: string) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?[jt]s$/.test(name))
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')));
const files = ['lib', 'functions'].flatMap(sourcesIn);

/** The files that may use the table itself. All others use `items`, which checks what is read. */
const ON_THE_TABLE = ['lib/store/items.ts', 'lib/store/lists.ts', 'lib/store/schema.ts'];
/** The only file that makes a client of DynamoDB, and the files that may make calls with it. */
const CREATING_THE_CLIENT = ['lib/store/dynamodb-call.ts'];
const CALLING = ['lib/store/dynamodb.ts', 'lib/store/item-reader.ts'];

describe('The table', () => {
  const users = (use: RegExp) =>
    files.filter((file) => file.startsWith('lib/') && use.test(readFileSync(root + file, 'utf8'))).toSorted();

  it('is used only by the files that check what is read', () => {
    expect(users(/\btable\.(get|put|set|remove|query|scan)\b/)).toEqual(ON_THE_TABLE);
  });

  it('is called through a client that one file makes, by the files that are meant to call DynamoDB', () => {
    expect(users(/'dynamodb'/)).toEqual(CREATING_THE_CLIENT);
    expect(users(/\bcreateDynamoDbCall\(createAwsClient\b/)).toEqual(CALLING);
  });
});

describe('The layers allow the imports of', () => {
  it.each(files)('%s', (file) => {
    expect(violationsOf(file, readFileSync(root + file, 'utf8'))).toEqual([]);
  });

  it('The layers name every folder and file of lib', () => {
    const known = [...LAYERS.flat(), ...Object.keys(OUTSIDE)].toSorted();
    const found = new Set(files.map((file) => (folderOf(file) === 'lib' ? file : folderOf(file))));
    expect([...found].toSorted()).toEqual(known);
  });
});

// Tests may: they hold a program's parts one by one, and lend its table, its KMS and its gateway to others.
describe('A program of infra is used through its entry only', () => {
  it.each(['infra', 'examples'].flatMap(sourcesIn))('by %s', (file) => {
    expect(trespassesOf(file, readFileSync(root + file, 'utf8'))).toEqual([]);
  });

  it.each(PROGRAMS)('by the scripts of package.json: $folder', ({ folder, entries }) => {
    const named = readFileSync(`${root}package.json`, 'utf8').matchAll(new RegExp(`\\b${folder}/([\\w./-]+)`, 'g'));
    expect([...new Set([...named].map(([, entry]) => entry))].toSorted()).toEqual(entries);
  });

  const refused: [file: string, source: string, why: string][] = [
    ['infra/cli/x.ts', "import { a } from '../local/table.ts';", 'imports infra/local/table.ts'],
    ['infra/cli/x.ts', "import type { A } from '../local/kms/server.ts';", 'imports infra/local/kms/server.ts'],
    ['infra/local/x.ts', "import { a } from '../cli/parse.ts';", 'imports infra/cli/parse.ts'],
    ['infra/local/kms/x.ts', "import { a } from '../../cli/io.ts';", 'imports infra/cli/io.ts'],
    ['infra/x.mjs', "const { a } = await import('./local/bundle.mjs');", 'imports infra/local/bundle.mjs'],
    ['examples/app/x.mjs', "import { a } from '../../infra/local/gateway.ts';", 'imports infra/local/gateway.ts'],
  ];
  it.each(refused)('and the check refuses in %s: %j', (file, source, why) => {
    expect(trespassesOf(file, source)).toEqual([why]);
  });

  it.each([
    ['infra/local/x.ts', "import { a } from './kms/server.ts';"],
    ['infra/local/kms/x.ts', "import { a } from '../timers.ts';"],
    ['infra/local/x.ts', "import { a } from '../package-stack.ts';"],
    ['infra/cli/x.ts', "import { a } from '../../lib/clock.ts';"],
  ])('but allows in %s: %j', (file, source) => {
    expect(trespassesOf(file, source)).toEqual([]);
  });
});

describe('The check of imports', () => {
  const refused: [file: string, source: string, why: string][] = [
    ['lib/oauth/x.ts', "import { a } from '../http/form.ts';", 'imports lib/http/form.ts'],
    ['lib/oauth/x.ts', "import type { A } from '../store/table.ts';", 'imports lib/store/table.ts'],
    ['lib/oauth/x.ts', "import { createLog } from '../log.ts';", 'imports lib/log.ts'],
    ['lib/http/x.ts', "import {\n  a,\n  b,\n} from '../store/table.ts';", 'imports lib/store/table.ts'],
    ['lib/keys/x.ts', "import '../http/form.ts';", 'imports lib/http/form.ts'],
    ['lib/store/x.ts', "const a = await import('../tokens/jwt.ts');", 'imports lib/tokens/jwt.ts'],
    [
      'lib/grants/x.ts',
      "import { a } from '../client-authentication/none.ts';",
      'imports lib/client-authentication/none.ts',
    ],
    ['lib/authorizer/x.ts', "import { a } from '../grants/grant-types.ts';", 'imports lib/grants/grant-types.ts'],
    ['lib/endpoints/x.ts', "import { issuingContext } from '../wiring/issuing.ts';", 'imports lib/wiring/issuing.ts'],
    ['lib/jobs/x.ts', "import { signers } from '../wiring/keys.ts';", 'imports lib/wiring/keys.ts'],
    ['functions/x.ts', "import { readConfig } from '../lib/config.ts';", 'imports lib/config.ts'],
    ['lib/endpoints/x.ts', "import { readConfig } from '../config.ts';", 'imports lib/config.ts'],
    ['lib/tokens/x.ts', "import { extensions } from '../extensions.ts';", 'imports lib/extensions.ts'],
    ['lib/tokens/x.ts', "import { a } from '../../infra/build.mjs';", 'imports infra/build.mjs'],
    ['lib/extensions.ts', "import { a } from './oauth/scope.ts';", 'imports lib/oauth/scope.ts'],
    ['lib/config.ts', "import { a } from './http/form.ts';", 'imports lib/http/form.ts'],
    ['lib/jobs/x.ts', "import { a } from '../endpoints/token.ts';", 'imports lib/endpoints/token.ts'],
    ['lib/endpoints/x.ts', "import { a } from '../container.ts';", 'imports lib/container.ts'],
    ['lib/container.ts', "import { a } from './oauth/scope.ts';", 'imports lib/oauth/scope.ts'],
    ['lib/log.ts', "import { a } from './oauth/scope.ts';", 'imports lib/oauth/scope.ts'],
    ['lib/keys/x.ts', "import { a } from '../kms/kms.ts';", 'imports lib/kms/kms.ts'],
    ['lib/kms/x.ts', "import type { A } from '../key-registry/registry.ts';", 'imports lib/key-registry/registry.ts'],
    ['lib/tokens/x.ts', "import { a } from '../key-registry/copy.ts';", 'imports lib/key-registry/copy.ts'],
    ['lib/lazy.ts', "import { a } from './oauth/scope.ts';", 'imports lib/oauth/scope.ts'],
    ['lib/store/x.ts', "import { a } from '@aws-sdk/client-dynamodb';", 'imports @aws-sdk/client-dynamodb'],
    ['lib/kms/kms.ts', "import { a } from '@aws-sdk/client-kms';", 'imports @aws-sdk/client-kms'],
    ['lib/store/x.ts', "import type { A } from '@aws-sdk/client-kms';", 'imports @aws-sdk/client-kms'],
    ['lib/aws-client.ts', "import { a } from '@smithy/signature-v4';", 'imports @smithy/signature-v4'],
    ['lib/store/x.ts', "import { a } from '../aws-signature.ts';", 'imports lib/aws-signature.ts'],
    ['lib/tokens/x.ts', "import { a } from '../aws-client.ts';", 'imports lib/aws-client.ts'],
    ['lib/aws-client.ts', "import { a } from './lazy.ts';", 'imports lib/lazy.ts'],
    ['lib/keys/x.ts', "import { a } from '../store/record.ts';", 'imports lib/store/record.ts'],
    ['lib/keys/x.ts', "import { a } from 'jose';", 'imports jose'],
    ['lib/tokens/x.ts', "import { a } from 'jose';", 'imports jose'],
    ['lib/tokens/jwe.ts', "import { a } from './jwe-cipher.ts';", 'imports lib/tokens/jwe-cipher.ts at start'],
    ['lib/http/x.ts', "import { a } from 'aws-lambda';", 'imports aws-lambda'],
    ['lib/tokens/x.ts', "export { a } from './jwt.ts';", 'exports from ./jwt.ts'],
    ['lib/tokens/x.ts', "export * from './jwt.ts';", 'exports from ./jwt.ts'],
    ['lib/http/x.ts', "import { version } from '../../package.json';", 'imports package.json'],
    ['lib/tokens/index.ts', '', 'is a barrel'],
    ['lib/tokens/x.ts', 'const a = process.env;', 'reads the environment'],
    ['lib/tokens/x.ts', "const a = process['env'];", 'reads the environment'],
    ['lib/tokens/x.ts', "import { env } from 'node:process';", 'reads the environment'],
    ['lib/tokens/x.ts', '\n'.repeat(251), 'is too long'],
    ['functions/x.ts', '\n'.repeat(21), 'is too long'],
    ['lib/other/x.ts', '', 'has no place in the layers'],
    ['lib/other.ts', '', 'has no place in the layers'],
  ];
  it.each(refused)('refuses in %s: %j', (file, source, why) => {
    expect(violationsOf(file, source)).toEqual([why]);
  });

  const allowed: [file: string, source: string][] = [
    ['lib/authorizer/x.ts', "import { parseBearer } from '../http/bearer.ts';"],
    ['lib/tokens/x.ts', "import { jwt } from './jwt.ts';"],
    ['lib/oauth/x.ts', "import { lazy } from '../lazy.ts';"],
    ['lib/key-registry/x.ts', "import { a } from '../kms/kms.ts';"],
    ['lib/tokens/x.ts', "form.require('grant_type');"],
    ['lib/tokens/x.ts', "import type { Extensions } from '../extensions.ts';"],
    ['lib/extensions.ts', "import { InvalidToken } from './oauth/errors.ts';"],
    ['lib/store/x.ts', "import { createAwsClient } from '../aws-client.ts';"],
    ['lib/aws-client.ts', "import { a } from './aws-signature.ts';"],
    ['lib/kms/kms.ts', "import type { A } from '@aws-sdk/client-kms';"],
    ['lib/tokens/jwe.ts', "const { a } = await import('./jwe-cipher.ts');"],
    ['lib/store/x.ts', "import { a } from 'node:crypto';"],
    ['lib/config.ts', 'const env = process.env;'],
    ['lib/wiring/x.ts', "import { readConfig } from '../config.ts';"],
    ['lib/wiring/x.ts', "import { extensions } from '../extensions.ts';"],
    ['functions/x.ts', "import { extensions } from '../lib/extensions.ts';"],
    ['functions/x.ts', "import { issuingContext } from '../lib/wiring/issuing.ts';"],
  ];
  it.each(allowed)('allows in %s: %j', (file, source) => {
    expect(violationsOf(file, source)).toEqual([]);
  });
});
