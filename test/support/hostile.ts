// What an attacker might send: texts, forms, events and tokens, made from a seed, each with at least one thing wrong. Hostile
// input contains a marker that must not appear in any answer or log line.
import { type ForgingKey, properClaims, properHeader, seal, segment } from './forge.ts';
import type { Random } from './random.ts';
import { basic, ISSUER, SECRET } from './world.ts';

const MARK = 'zQ9xMarkerx9Qz';

/** The marker in base64url, at each of the three alignments. */
const encodedMarks = [0, 1, 2].map((shift) => {
  const text = Buffer.from(`${'\0'.repeat(shift)}${MARK}`).toString('base64url');
  return text.slice(shift === 0 ? 0 : shift + 1, -2);
});

/** Makes a check for texts that contain part of the input: the marker, the secret, or a good part of a token in `sent`. */
export function createReflectionCheck(sent: readonly string[]): (text: string) => boolean {
  const needles = [
    MARK,
    ...encodedMarks,
    SECRET,
    ...sent.flatMap((text) => text.split('.').slice(-2)).map((part) => part.slice(-24)),
  ];
  return (text) => needles.some((needle) => text.includes(needle));
}

const PROTOTYPE_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
];

const NASTY = [
  ...PROTOTYPE_NAMES,
  '',
  ' ',
  '\0',
  '\r\n',
  '\r\nSet-Cookie: a=b',
  '\n\n<html>',
  '\u2028',
  '\u0085',
  '\ufeff',
  '\ud800',
  '\udc00\ud800',
  '\u202e',
  '\u0000\u0001\u001f\u007f',
  '🔑',
  'é',
  'е\u0301',
  '"',
  "'",
  '\\',
  '<script>',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what an attacker tries
  '${1+1}',
  '{{7*7}}',
  '%',
  '%00',
  '%zz',
  '%c0%af',
  '%u0041',
  '+',
  '&',
  '=',
  ';',
  '#',
  '?',
  '/../',
  '*',
  ':',
  ' OR 1=1 --',
  '{"$gt":""}',
  ':client_id',
  'CLIENT#',
  'machine-jwt',
  'orders',
  'lk_at_',
  'lk_cs_',
  'Bearer ',
  '1e400',
  'NaN',
  'null',
  'undefined',
  'true',
  '-1',
  '9007199254740993',
] as const;

/** Values of every type but string. */
const WRONG_TYPES = [
  undefined,
  null,
  0,
  -1,
  1.5,
  Number.MAX_VALUE,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  [0],
  { [MARK]: MARK },
  [MARK],
];

type Pair = readonly [name: string, value: string];

/** A request from which an event is made. */
export interface Draft {
  method: string;
  path: string;
  query: string;
  headers: [name: string, value: string][];
  /** Already encoded, as on the wire. */
  body: Buffer;
}

/** Changes one thing in valid input. */
type Mutation<Thing> = (thing: Thing) => void;

/** What forged tokens are made from. */
export interface Material {
  readonly key: ForgingKey;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Live tokens. */
  readonly real: readonly string[];
  /** Whether the place that the tokens are sent to accepts any audience. */
  readonly ofAnyAudience: boolean;
}

export type Hostile = ReturnType<typeof createHostile>;

const FORM_TYPE = 'application/x-www-form-urlencoded';

export function createHostile(random: Random) {
  const { integer, chance, pick } = random;

  const nasty = () => Array.from({ length: 1 + integer(2) }, () => pick(NASTY)).join('');
  /** A text with the marker; occasionally a very long one. */
  const text = (): string => {
    const filler = chance(0.01) ? 'a'.repeat(integer(20_000)) : '';
    return pick([() => MARK + nasty(), () => nasty() + MARK, () => nasty() + MARK + nasty()])() + filler;
  };
  const wrongType = (): unknown => pick(WRONG_TYPES);
  const anything = (): unknown => (chance(0.5) ? wrongType() : text());

  const at = (value: string) => integer(Math.max(1, value.length));
  const flip = (value: string) => {
    const index = at(value);
    const code = value.charCodeAt(index) ^ (1 << integer(6));
    return value.slice(0, index) + String.fromCharCode(code) + value.slice(index + 1);
  };

  /** Changes a text, so that the result differs from it. */
  const spoil = (value: string): string => {
    const spoilt = pick<(text: string) => string>([
      flip,
      (whole) => whole.slice(0, at(whole)),
      (whole) => whole.slice(1 + at(whole)),
      (whole) => whole + whole,
      (whole) => `${whole},${whole}`,
      (whole) => `${whole} ${whole}`,
      (whole) => `${whole}=`,
      (whole) => `${whole}==`,
      (whole) => `${whole}\0`,
      (whole) => `${whole}\r\n`,
      (whole) => `\t${whole}`,
      (whole) => whole.toUpperCase(),
      (whole) => whole.toLowerCase(),
      (whole) => [...whole].reverse().join(''),
      (whole) => whole + text(),
      (whole) => text() + whole,
      (whole) => whole.slice(0, at(whole)) + text() + whole.slice(at(whole)),
      (whole) => whole.replaceAll('-', '+').replaceAll('_', '/') + pick(['=', '%3D', '\t']),
      (whole) => encodeURIComponent(`"${whole}"`),
      (whole) => Buffer.from(whole).toString('base64'),
      (whole) => whole.split('.').reverse().join('.'),
      (whole) => whole.replace(/[^.]/g, (character) => (chance(0.02) ? pick(['A', 'b', '_', '-']) : character)),
    ])(value);
    return spoilt === value || spoilt === '' ? text() : spoilt;
  };

  const noText = () => pick([undefined, null, '', 0, 1.5, true, [], {}, [MARK], { [MARK]: MARK }]);
  const noTime = () => pick([undefined, null, '', MARK, '1800000000', -1, 0, 0.5, 2 ** 53, 1e21, true, [], {}, [1]]);

  /** One claim with an unacceptable value. */
  const flawedClaims = ({ now, ofAnyAudience }: Material): Record<string, unknown> =>
    pick<() => Record<string, unknown>>([
      () => ({ iss: pick([noText(), text(), ISSUER + text(), `${ISSUER}/`, [ISSUER]]) }),
      () => ({
        aud: pick([
          ...[undefined, null, '', 0, true, [], {}, ['orders', null], ['orders', 1], ['orders', ''], [['orders']]],
          ...(ofAnyAudience ? [] : [text(), `orders${text()}`, [text()], ['billing', text()]]),
        ]),
      }),
      () => ({ sub: noText() }),
      () => ({ client_id: noText() }),
      () => ({ jti: noText() }),
      () => ({ grant_id: pick([null, '', 0, true, [], {}, [MARK]]) }),
      () => ({ scope: pick([null, 0, true, [], {}, [`${MARK} ${MARK}`], { [MARK]: MARK }]) }),
      () => ({
        exp: pick([noTime(), now, now - integer(1e6), now + 86_401 + integer(1e6), String(now + 60), now + 0.5]),
      }),
      () => ({ iat: pick([noTime(), now + 6 + integer(1e6), String(now), now - 86_400, now - 0.5]) }),
      () => ({ nbf: pick([null, '', MARK, true, [], {}, now + 1 + integer(1e6), now + 0.5, String(now)]) }),
      () => ({ cnf: pick([null, '', 0, {}, { jkt: MARK }, MARK, []]) }),
    ])();

  /** One header member that has an unacceptable value or must not be present. */
  const flawedHeader = (): Record<string, unknown> =>
    pick<() => Record<string, unknown>>([
      () => ({ typ: pick([wrongType(), text(), 'jwt', 'at+JWT', 'AT+JWT', 'id+jwt', 'application/at+jwt']) }),
      () => ({ alg: pick([wrongType(), text(), 'none', 'None', 'HS256', 'RS256', 'ES384', 'EdDSA', 'es256']) }),
      () => ({ kid: pick([wrongType(), text(), ...PROTOTYPE_NAMES]) }),
      () => ({
        [pick(['crit', 'b64', 'zip', 'jwk', 'jku', 'x5u', 'x5c', 'x5t', 'cty', 'enc', 'epk', MARK])]: pick([
          text(),
          null,
          0,
          true,
          [],
          ['exp'],
          {},
        ]),
      }),
      () => Object.fromEntries([[pick(PROTOTYPE_NAMES), pick([null, MARK, { alg: 'none' }])]]),
    ])();

  const flawedJson = (json: string): string | Buffer =>
    pick<() => string | Buffer>([
      () => ` ${json}`,
      () => `${json}\n`,
      () => `\ufeff${json}`,
      () => `[${json}]`,
      () => JSON.stringify(json),
      () => json.replace('{', `{"${pick(['iss', 'alg', 'aud', 'exp'])}":${JSON.stringify(text())},`).replace('}', ' }'),
      () => json.replace('}', ',}'),
      () => json.slice(0, at(json)),
      () => json + text(),
      () => text(),
      () => pick(['null', 'true', '0', '""', '{}', '[]', '']),
      () => Buffer.concat([Buffer.from(json.slice(0, -2)), Buffer.of(0xff, 0xc0, 0xaf), Buffer.from('"}')]),
      () => Buffer.from(json, 'utf16le'),
      () => '['.repeat(1 + integer(3000)),
      () => `{"a":${'{"a":'.repeat(integer(500))}`,
    ])();

  /** A token with a single fault, signed by the real key. */
  const signedToken = (material: Material): string => {
    const { key, now } = material;
    const claims = { ...properClaims(now), jti: MARK, [MARK]: MARK };
    return pick<() => string>([
      () => seal(segment(properHeader(key)), segment({ ...claims, ...flawedClaims(material) }), key),
      () => seal(segment({ ...properHeader(key), ...flawedHeader() }), segment(claims), key),
      () => seal(segment(properHeader(key)), segment(flawedJson(JSON.stringify(claims))), key),
      () => seal(segment(flawedJson(JSON.stringify(properHeader(key)))), segment(claims), key),
      () => seal(segment(properHeader(key)), spoilSegment(segment(claims)), key),
      () => seal(spoilSegment(segment(properHeader(key))), segment(claims), key),
      () => seal(segment(properHeader(key)), segment({ ...claims, filler: 'a'.repeat(8192) }), key),
      () => spoil(seal(segment(properHeader(key)), segment(claims), key)),
    ])();
  };
  const spoilSegment = (encoded: string) => encoded + pick(['=', '==', ' ', '\n', '%3D', '~', '\0', 'é']);

  const unsignedToken = (material: Material): string => {
    const { key, now } = material;
    const header = segment({ ...properHeader(key), ...(chance(0.5) && flawedHeader()) });
    const payload = segment({ ...properClaims(now), jti: MARK, ...(chance(0.5) && flawedClaims(material)) });
    const signature = pick([
      '',
      'AA',
      Buffer.alloc(64).toString('base64url'),
      random.bytes(64).toString('base64url'),
      random.bytes(integer(100)).toString('base64url'),
      segment(text()),
    ]);
    return `${header}.${payload}.${signature}`;
  };

  /** A token that must be refused, made from real tokens, with the real key, or from nothing. */
  const token = (material: Material): string => {
    const { real } = material;
    return pick<() => string>([
      () => spoil(pick(real)),
      () => spoil(pick(real)),
      () => signedToken(material),
      () => signedToken(material),
      () => unsignedToken(material),
      () => `lk_at_${random.bytes(pick([36, 36, 36, integer(60)])).toString('base64url')}`,
      () => `lk_${pick(['rt', 'cs', 'ac', MARK])}_${pick(real).slice(6)}`,
      () => text(),
    ])();
  };

  const encode = (value: string) => encodeURIComponent(Buffer.from(value).toString());
  const pairOf = ([name, value]: Pair) => `${encode(name)}=${encode(value)}`;
  const form = (pairs: readonly Pair[]) => Buffer.from(pairs.map(pairOf).join('&'));

  /** Like `basic`, but also accepts strings with lone surrogates. */
  const credentials = (id: string, secret = SECRET) =>
    basic(Buffer.from(id).toString(), Buffer.from(secret).toString());

  /** An Authorization header with invalid credentials. */
  const authorization = (id: string): string =>
    pick<() => string>([
      () => credentials(id, spoil(SECRET)),
      () => credentials(id, text()),
      () => basic(`${id}${MARK}#`),
      () => credentials(`${pick(['#', ' ', '\0', 'é', MARK + nasty()])} `),
      () => spoilBasic(basic(id)),
      () => `Bearer ${SECRET}`,
      () => `Basic ${text()}`,
      () => `Basic ${Buffer.from(text()).toString('base64')}`,
      () => `Basic ${Buffer.concat([Buffer.from(`${id}:`), random.bytes(8), Buffer.of(0xff)]).toString('base64')}`,
      () => `Basic ${Buffer.from(`${id}:%${MARK}`).toString('base64')}`,
      () => `Basic ${Buffer.from(id).toString('base64')}`,
      () => `Basic ${Buffer.from(`:${SECRET}`).toString('base64')}`,
      () => `Basic ${Buffer.from(`${id}:`).toString('base64')}`,
      () => text(),
      () => '',
    ])();
  const spoilBasic = (header: string) =>
    pick([
      header.slice(0, -3),
      `${header}=`,
      `${header} `,
      `${header},${header}`,
      header.replace(' ', ''),
      header.replace(' ', '\t'),
      `${header}\r\n`,
      header.replace('Basic', 'Basic Basic'),
    ]);

  /** Changes that make no difference to any request. */
  const harmless: Mutation<Draft>[] = [
    (draft) =>
      draft.headers.push([
        pick(['x-forwarded-for', 'cookie', 'host', 'user-agent', 'origin', 'x-amz-date', ...PROTOTYPE_NAMES]),
        text(),
      ]),
    (draft) => {
      draft.path += text();
    },
    (draft) => {
      draft.query = `${draft.query}&${encode(text())}=${encode(text())}&%=%zz&__proto__=1`;
    },
    (draft) => {
      draft.headers = draft.headers.map(([name, value]) => [pick([name, name.toUpperCase()]), value]);
    },
  ];
  const harmlessInForm: Mutation<Draft>[] = [
    ...harmless,
    (draft) => {
      const name = encode(pick([MARK, `${MARK}${nasty()}`, ...PROTOTYPE_NAMES]));
      draft.body = Buffer.concat([draft.body, Buffer.from(`&${name}=${encode(text().slice(0, 5000))}`)]);
    },
    (draft) => {
      draft.body = Buffer.concat([Buffer.from('&&'), draft.body, Buffer.from('&')]);
    },
  ];

  /** Changes that make any form request invalid. */
  const breaking = (id: string): Mutation<Draft>[] => [
    (draft) => {
      draft.method = pick([
        'GET',
        'PUT',
        'HEAD',
        'OPTIONS',
        'post',
        'POST ',
        '',
        'POST\r\n',
        ...PROTOTYPE_NAMES,
        text(),
      ]);
    },
    (draft) => {
      const type = pick([
        'application/json',
        'text/plain',
        'multipart/form-data',
        `${FORM_TYPE}x`,
        `x${FORM_TYPE}`,
        text(),
        '',
      ]);
      draft.headers = [...without(draft, 'content-type'), ['content-type', type]];
    },
    (draft) => {
      draft.headers = without(draft, 'content-type');
    },
    (draft) => {
      draft.headers.push(['Content-Type', FORM_TYPE]);
    },
    (draft) => {
      draft.headers = without(draft, 'authorization');
    },
    (draft) => {
      draft.headers = [...without(draft, 'authorization'), ['authorization', authorization(id)]];
    },
    (draft) => {
      draft.headers = [...without(draft, 'authorization'), ['authorization', authorization(id)]];
    },
    (draft) => {
      draft.headers.push(['Authorization', pick([basic(id), authorization(id)])]);
    },
    (draft) => {
      draft.body = Buffer.from(`${draft.body}&client_secret=${encode(pick([SECRET, text()]))}&client_id=${encode(id)}`);
    },
    (draft) => {
      draft.body = Buffer.from(`${draft.body}&client_id=${encode(text())}`);
    },
    (draft) => {
      draft.body = Buffer.from(
        `${draft.body}&${String(draft.body)
          .split('&')
          .find((pair) => !pair.startsWith('resource'))}`,
      );
    },
    (draft) => {
      const broken = pick(['%', '%z', '%zz', '%0', '%c0%af', '%ff', '%ed%a0%80', '%f5%80%80%80', '%u0041', 'a=%e2%82']);
      draft.body = Buffer.from(
        pick([`${draft.body}&${broken}`, `${broken}${MARK}&${draft.body}`, `${draft.body}&x=${broken}`]),
      );
    },
    (draft) => {
      draft.body = Buffer.concat([draft.body, Buffer.from('&x='), Buffer.of(pick([0x80, 0xc0, 0xff, 0xfe]))]);
    },
    (draft) => {
      draft.body = Buffer.from(`${draft.body}${Array.from({ length: 64 }, (_, index) => `&x${index}`).join('')}`);
    },
    (draft) => {
      draft.body = Buffer.from(`${draft.body}&${MARK}=${'a'.repeat(33_000)}`);
    },
    (draft) => {
      draft.body = pick([
        Buffer.alloc(0),
        Buffer.from(text()),
        random.bytes(integer(200)),
        Buffer.from('{"grant_type":"client_credentials"}'),
      ]);
    },
    (draft) => {
      const name = pick([
        'client_secret',
        'token',
        'access_token',
        'refresh_token',
        'code',
        'password',
        'client_assertion',
      ]);
      draft.query = `${pick(['', 'a=b&', '&&'])}${name}=${encode(text())}`;
    },
  ];

  return {
    random,
    text,
    wrongType,
    anything,
    spoil,
    token,
    form,
    encode,
    authorization,
    harmless,
    harmlessInForm,
    breaking,
  };
}

const without = ({ headers }: Draft, unwanted: string) => headers.filter(([name]) => name.toLowerCase() !== unwanted);

/** Up to `most` members of a list, in any order. */
export const some = <Value>(random: Random, values: readonly Value[], most: number): Value[] =>
  Array.from({ length: random.integer(most + 1) }, () => random.pick(values));

const grouped = (headers: Draft['headers'], key: (name: string) => string) => {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) values.set(key(name), [...(values.get(key(name)) ?? []), value]);
  return values;
};

/** Makes an event from a draft, in one of the shapes that gateways send. */
export function toEvent({ random }: Hostile, { method, path, query, headers, body }: Draft): Record<string, unknown> {
  const isText = Buffer.from(body.toString()).equals(body);
  const isBase64Encoded = !isText || random.chance(0.5);
  const payload = { body: body.toString(isBase64Encoded ? 'base64' : 'utf8'), isBase64Encoded };
  if (random.chance(0.5)) {
    const joined = [...grouped(headers, (name) => name.toLowerCase())].map(([name, values]) => [
      name,
      values.join(','),
    ]);
    return {
      version: '2.0',
      rawPath: path,
      rawQueryString: query,
      headers: Object.fromEntries(joined),
      requestContext: { http: { method, path } },
      ...payload,
    };
  }
  const multiple = [...grouped(headers, (name) => name)];
  const parameters = grouped([...new URLSearchParams(query)], (name) => name);
  const multiValueHeaders = Object.fromEntries(multiple);
  const single = Object.fromEntries(multiple.map(([name, values]) => [name, values.at(-1)]));
  return {
    ...(random.chance(0.5) && { version: '1.0', resource: path }),
    httpMethod: method,
    path,
    headers: random.pick([single, null, undefined]),
    multiValueHeaders,
    queryStringParameters: Object.fromEntries([...parameters].map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: Object.fromEntries(parameters),
    requestContext: {},
    ...payload,
  };
}

/** Something that is not an event, or is too broken to be a request. */
export function brokenEvent({ random, anything, wrongType, text }: Hostile, event: Record<string, unknown>): unknown {
  return random.pick<() => unknown>([
    wrongType,
    () => text(),
    () => ({
      ...event,
      version: random.pick([wrongType(), text(), '2.0', '1.0']),
      requestContext: wrongType(),
      httpMethod: wrongType(),
    }),
    () => ({ ...event, headers: anything(), multiValueHeaders: anything() }),
    () => ({ ...event, headers: { authorization: wrongType(), 'content-type': wrongType() }, multiValueHeaders: null }),
    () => ({ ...event, headers: null, multiValueHeaders: { authorization: wrongType(), 'content-type': anything() } }),
    () => ({ ...event, body: wrongType() }),
    () => ({ ...event, body: text(), isBase64Encoded: true }),
    () => Object.fromEntries(Object.keys(event).map((name) => [name, wrongType()])),
    () => ({ requestContext: event['requestContext'], [text()]: text() }),
  ])();
}
