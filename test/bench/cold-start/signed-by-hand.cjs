// The floor: one GetItem signed with nothing but Node.js, on a new connection. Prints nothing; ends when the answer is whole.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
const { createHash, createHmac } = require('node:crypto');

const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB } =
  process.env;
const { protocol, hostname, port, host } = new URL(AWS_ENDPOINT_URL_DYNAMODB);
const { request } = require(protocol === 'https:' ? 'node:https' : 'node:http');

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const hash = (text) => createHash('sha256').update(text).digest('hex');

exports.handler = () => {
  const body = '{"TableName":"latchkey","Key":{"pk":{"S":"SCHEMA"},"sk":{"S":"SCHEMA"}}}';
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    host,
    'x-amz-date': time,
    'x-amz-security-token': AWS_SESSION_TOKEN,
    'x-amz-target': 'DynamoDB_20120810.GetItem',
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const scope = `${time.slice(0, 8)}/${AWS_REGION}/dynamodb/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash(`POST\n/\n\n${lines.join('')}\n${names}\n${hash(body)}`)}`;
  const signature = createHmac('sha256', scope.split('/').reduce(hmac, `AWS4${AWS_SECRET_ACCESS_KEY}`));
  const Credential = `${AWS_ACCESS_KEY_ID}/${scope}`;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=${names}, Signature=${signature.update(text).digest('hex')}`;
  return new Promise((resolve, reject) => {
    request({ method: 'POST', hostname, port, path: '/', headers }, (response) => {
      let answer = '';
      response.on('data', (chunk) => (answer += chunk));
      response.on('end', () => resolve(JSON.parse(answer)));
    })
      .on('error', reject)
      .end(body);
  });
};
