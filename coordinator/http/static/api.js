// Questions and changes to /api/v1. Answers are kept with their ETags, so that an unchanged one costs no body.

const kept = new Map();
let csrf = '';

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function errorOf(response) {
  let message = `the coordinator answered ${response.status}`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // No JSON of ours: the number has to do.
  }
  return new ApiError(response.status, message);
}

export async function get(path) {
  const before = kept.get(path);
  const headers = before ? {'If-None-Match': before.etag} : {};
  const response = await fetch(`/api/v1/${path}`, {headers, cache: 'no-store'});
  if (response.status === 304 && before) return before.value;
  if (!response.ok) throw await errorOf(response);
  const value = await response.json();
  const etag = response.headers.get('ETag');
  if (etag) {
    if (kept.size > 200) kept.clear();
    kept.set(path, {etag, value});
  }
  return value;
}

async function send(path, type, body) {
  const response = await fetch(`/api/v1/${path}`,
      {method: 'POST', headers: {'Content-Type': type, 'X-Tutti-CSRF': csrf}, body});
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

export const post = (path, body = {}) => send(path, 'application/json', JSON.stringify(body));
export const postBytes = (path, bytes) => send(path, 'application/octet-stream', bytes);

// Who I am; throws ApiError 401 where nobody is logged in.
export async function me() {
  const answer = await get('me');
  csrf = answer.csrf;
  return answer;
}
