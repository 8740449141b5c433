// The least of a WAMP client that a page needs: join, call, leave, in JSON over WebSocket.

const HELLO = 1, WELCOME = 2, ABORT = 3, CHALLENGE = 4, AUTHENTICATE = 5, GOODBYE = 6, ERROR = 8, CALL = 48, RESULT = 50;

class Session {
  #socket;
  #calls = new Map();
  #request = 0;

  constructor(socket) {
    this.#socket = socket;
  }

  call(procedure, args) {
    const request = ++this.#request;
    this.#socket.send(JSON.stringify([CALL, request, {}, procedure, args]));
    return new Promise((resolve, reject) => this.#calls.set(request, { resolve, reject }));
  }

  leave() {
    this.#socket.send(JSON.stringify([GOODBYE, {}, "wamp.close.close_realm"]));
  }

  receive([type, ...rest]) {
    const request = type === ERROR ? rest[1] : rest[0];
    const waiting = this.#calls.get(request);
    if (type === GOODBYE) this.#socket.close();
    if (!waiting || (type !== RESULT && type !== ERROR)) return;
    this.#calls.delete(request);
    if (type === RESULT) waiting.resolve(rest[2]?.[0]);
    else waiting.reject(new Error(rest[3]));
  }

  lost() {
    for (const { reject } of this.#calls.values()) reject(new Error("the connection was lost"));
    this.#calls.clear();
  }
}

/** Joins a realm: with a ticket when there is a user, else anonymously. */
export function join(url, realm, user, ticket) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, "wamp.2.json");
    const session = new Session(socket);
    const who = user ? { authmethods: ["ticket"], authid: user } : { authmethods: ["anonymous"] };
    socket.onopen = () => socket.send(JSON.stringify([HELLO, realm, { roles: { caller: {} }, ...who }]));
    socket.onclose = () => {
      reject(new Error("the connection was closed"));
      session.lost();
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message[0] === CHALLENGE) socket.send(JSON.stringify([AUTHENTICATE, ticket, {}]));
      else if (message[0] === WELCOME) resolve(session);
      else if (message[0] === ABORT) reject(new Error(message[2]));
      else session.receive(message);
    };
  });
}
