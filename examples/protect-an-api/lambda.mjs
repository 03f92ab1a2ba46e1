// An API of your own as a Lambda function behind an HTTP API (payload 2.0) and the authorizer. The gateway itself answers
// preflights, before the authorizer, with `cors` in serverless.yml:
//
//   provider:
//     httpApi:
//       cors: { allowedOrigins: ['https://app.example.com'], allowedHeaders: [authorization, content-type] }

const json = (statusCode, body) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export async function handler(event) {
  // Only the authorizer writes here. The token itself never gets this far.
  const { sub, client_id, scope } = event.requestContext.authorizer.lambda;
  if (!scope.split(' ').includes('read')) {
    return json(403, { error: 'insufficient_scope', scope: 'read' });
  }
  return json(200, { things: ['a lamp', 'a chair'], sub, client_id });
}
