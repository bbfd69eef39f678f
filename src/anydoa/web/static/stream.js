// The WebSocket, opened again whenever it is lost.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const SILENCE_MS = 4000; // without a message, after which what is shown is old
export const UNAUTHORIZED = 401;
export const TOKEN_REFUSED = "The server asks for another token: open the address that anydoa serve prints now.";

export function listen({ onMessage, onLost }) {
  let wait = FIRST_WAIT_MS;
  let watch = 0;
  const open = () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.addEventListener("message", (event) => {
      wait = FIRST_WAIT_MS;
      clearTimeout(watch);
      const message = JSON.parse(event.data);
      if (message.type !== "end") watch = setTimeout(() => onLost("no sound comes"), SILENCE_MS);
      onMessage(message);
    });
    socket.addEventListener("close", async (event) => {
      clearTimeout(watch);
      onLost(event.reason || "connection lost, trying again");
      if (await isTokenRefused()) onLost(TOKEN_REFUSED);
      setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    });
  };
  open();
}

// Whether the server is there and wants another token; a refused WebSocket does not tell.
export async function isTokenRefused() {
  try {
    return (await fetch("/api/options")).status === UNAUTHORIZED;
  } catch {
    return false;
  }
}
