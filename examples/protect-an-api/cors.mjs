// What lets pages of your single-page app call this API. A browser asks first, by an `OPTIONS` request without a token, so
// that request must reach the API without being authorized.

/** The origins of your own pages. */
const ORIGINS = ['http://localhost:3001', 'https://app.example.com'];

/** The headers of every answer to a request from a page. Fetch standard, section 3.3 */
export function corsHeaders(origin) {
  if (!ORIGINS.includes(origin)) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '7200',
  };
}
