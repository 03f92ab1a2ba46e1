// An API of your own on Fastify, behind the authorizer:
//
//   node examples/protect-an-api/fastify.mjs
//   npm start -- --audience https://things.example --route 'GET /things=http://127.0.0.1:4000'
import { fileURLToPath } from 'node:url';
import fastify from 'fastify';
import { readCaller, refuse } from './caller.mjs';
import { corsHeaders } from './cors.mjs';

/** Lets through whoever has a token with this scope. */
const requireScope = (scope) => async (request, reply) => {
  request.caller = readCaller(request.headers);
  const refusal = refuse(request.caller, scope);
  if (refusal) return reply.code(refusal.status).send(refusal.body);
};

export const app = fastify();

app.decorateRequest('caller');
app.addHook('onRequest', async (request, reply) => {
  reply.headers(corsHeaders(request.headers.origin));
});
app.options('/*', async (_request, reply) => reply.code(204).send());

app.get('/things', { preHandler: requireScope('read') }, async (request) => {
  const { sub, client_id } = request.caller;
  return { things: ['a lamp', 'a chair'], sub, client_id };
});

if (process.argv[1] === fileURLToPath(import.meta.url)) await app.listen({ port: 4000, host: '127.0.0.1' });
