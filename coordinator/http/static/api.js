// Questions and changes to /api/v1. Answers are kept with their ETags, so that an unchanged one costs no body.

const kept = new Map();
let csrf = '';

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Nothing was answered: nobody is there, or the way to him is cut. Not a fault of what was asked.
export class NetworkError extends Error {
  constructor() { super('the coordinator cannot be reached, or broke the connection off'); }
}

// fetch and reading a body throw a TypeError where the network fails; of ours none is thrown inside.
const overNetwork = (promise) => promise.catch((error) => {
  throw error instanceof TypeError ? new NetworkError() : error;
});

async function errorOf(response) {
  let message = `the coordinator answered ${response.status}`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // No JSON of ours: the number has to do.
  }
  const error = new ApiError(response.status, message);
  error.againSeconds = Number(response.headers.get('Retry-After')) || null;  // null: it does not say
  return error;
}

export async function get(path) {
  const before = kept.get(path);
  const headers = before ? {'If-None-Match': before.etag} : {};
  const response = await overNetwork(fetch(`/api/v1/${path}`, {headers, cache: 'no-store'}));
  if (response.status === 304 && before) return before.value;
  if (!response.ok) throw await errorOf(response);
  const value = await overNetwork(response.json());
  const etag = response.headers.get('ETag');
  if (etag) {
    if (kept.size > 200) kept.clear();
    kept.set(path, {etag, value});
  }
  return value;
}

async function send(path, type, body) {
  const response = await overNetwork(fetch(`/api/v1/${path}`,
      {method: 'POST', headers: {'Content-Type': type, 'X-Tutti-CSRF': csrf}, body}));
  if (!response.ok) throw await errorOf(response);
  return overNetwork(response.json());
}

export const post = (path, body = {}) => send(path, 'application/json', JSON.stringify(body));
export const postBytes = (path, bytes) => send(path, 'application/octet-stream', bytes);

// Who I am; throws ApiError 401 where nobody is logged in.
export async function me() {
  const answer = await get('me');
  csrf = answer.csrf;
  return answer;
}
