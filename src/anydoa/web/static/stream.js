// The WebSocket, opened again whenever it is lost.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

export function listen({ onMessage, onState }) {
  let wait = FIRST_WAIT_MS;
  const open = () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.addEventListener("message", (event) => {
      wait = FIRST_WAIT_MS;
      onMessage(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      onState(event.reason || "connection lost, trying again");
      setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    });
  };
  open();
}
