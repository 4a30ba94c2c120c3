// What the proxies of the examples have behind them: a web server that leaves without losing a request.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const PORT = 8080;
/** The longest that a request may take. */
const MAX_WAIT_MS = 20_000;
/** How long a connection that is kept has to be used once more, and so to be told. */
const LINGER_MS = 2000;
let leaving = false;

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://backend');
  if (pathname === '/ready') return void response.writeHead(leaving ? 503 : 200).end();
  // A client that keeps its connection is told to make a new one, which goes to another pod.
  if (leaving) response.setHeader('connection', 'close');
  const wait = Math.min(Number(searchParams.get('wait')) || 0, MAX_WAIT_MS);
  setTimeout(() => response.end(`${hostname()}\n`), wait);
});
server.listen(PORT);

// SIGTERM comes after preStop, so whoever follows the group has heard that this pod leaves. Clients that keep their
// connection hear it from the next answer. Then close() waits for the requests that run, and ends what is idle.
process.on('SIGTERM', () => {
  leaving = true;
  setTimeout(() => server.close(() => process.exit(0)), LINGER_MS);
});
