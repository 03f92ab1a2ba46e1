// An API of your own on Express, behind the authorizer:
//
//   node examples/protect-an-api/express.mjs
//   npm start -- --audience https://things.example --route 'GET /things=http://127.0.0.1:4000'
import { fileURLToPath } from 'node:url';
import express from 'express';
import { readCaller, refuse } from './caller.mjs';
import { corsHeaders } from './cors.mjs';

/** Lets through whoever has a token with this scope. */
const requireScope = (scope) => (request, response, next) => {
  const caller = readCaller(request.headers);
  const refusal = refuse(caller, scope);
  if (refusal) return response.status(refusal.status).json(refusal.body);
  request.caller = caller;
  next();
};

export const app = express();

app.use((request, response, next) => {
  response.set(corsHeaders(request.get('origin')));
  if (request.method === 'OPTIONS') return response.sendStatus(204);
  next();
});

app.get('/things', requireScope('read'), (request, response) => {
  const { sub, client_id } = request.caller;
  response.json({ things: ['a lamp', 'a chair'], sub, client_id });
});

if (process.argv[1] === fileURLToPath(import.meta.url)) app.listen(4000, '127.0.0.1');
