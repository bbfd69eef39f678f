// Questions to the server; a recording is sent to it, and it tells line by line how far it is and what it found.

import { isTokenRefused, TOKEN_REFUSED, UNAUTHORIZED } from "./stream.js";

class RefusedError extends Error {}

// What is wrong with the size of a file for a server that takes so much; nothing if it may be sent.
export function sizeProblem(file, mostMb) {
  if (file.size <= mostMb * 1e6) return "";
  return `${file.name} has ${(file.size / 1e6).toFixed(0)} MB; this server takes ${mostMb}.`;
}

// The result; onProgress gets {place, done} now and then.
export async function locateFile(file, query, { signal, onProgress }) {
  const answer = await fetchOrExplain(`/api/locate?${query}`, {
    method: "POST", body: file, signal, headers: { accept: "application/x-ndjson" },
  });
  for await (const step of readLines(answer.body)) {
    if (step.type === "progress") onProgress(step);
    else if (step.type === "result") return step;
    else throw new RefusedError(step.error);
  }
  throw new RefusedError("The server stopped before it was done; is anydoa serve still running?");
}

// What the server says to a short question.
export async function ask(url, options) {
  return (await fetchOrExplain(url, options)).json();
}

// A file that the server has.
export async function fetchFile(url) {
  return (await fetchOrExplain(url)).blob();
}

// The answer, if it is one; else an error that says what the server says is wrong.
async function fetchOrExplain(url, options) {
  const answer = await reach(url, options);
  if (answer.status === UNAUTHORIZED) throw new RefusedError(TOKEN_REFUSED);
  if (!answer.ok) throw new RefusedError(await refusal(answer));
  return answer;
}

// What the server says is wrong; a proxy, and a server that fails, answer with something else than JSON.
async function refusal(answer) {
  try {
    const { error } = JSON.parse(await answer.text());
    if (error) return error;
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
  }
  return `The answer was ${`${answer.status} ${answer.statusText}`.trim()}; the terminal of anydoa serve may say why.`;
}

// A server that refuses early closes the connection, which a browser calls a network error.
async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (await isTokenRefused()) throw new RefusedError(TOKEN_REFUSED);
    throw new RefusedError("The server did not answer; is anydoa serve still running?");
  }
}

async function* readLines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines.map(JSON.parse);
  }
}
