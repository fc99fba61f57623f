// The line between one node and the hub: a UDP relay that can be cut.
import { createSocket } from 'node:dgram';

const HOST = '127.0.0.1';

function bound() {
  const socket = createSocket('udp4');
  return new Promise((done, lost) => {
    socket.once('error', lost);
    socket.bind(0, HOST, () => {
      // Refusals by a hub that is down pass; QUIC repeats what was lost.
      socket.off('error', lost).on('error', () => {});
      done(socket);
    });
  });
}

export class Line {
  isCut = false;
  // One socket for each of the node's, so that answers find their way back.
  hubSides = new Map();

  async open(hub) {
    const port = Number(hub.split(':').at(-1));
    this.nodeSide = await bound();
    this.nodeSide.on('message', async (datagram, from) => {
      if (this.isCut) return;
      if (!this.hubSides.has(from.port)) this.hubSides.set(from.port, this.hubSide(from.port));
      (await this.hubSides.get(from.port)).send(datagram, port, HOST);
    });
    this.address = `${HOST}:${this.nodeSide.address().port}`;
    return this;
  }

  async hubSide(node) {
    const socket = await bound();
    return socket.on('message', (datagram) => {
      if (!this.isCut) this.nodeSide.send(datagram, node, HOST);
    });
  }

  async close() {
    this.isCut = true;
    this.nodeSide?.close();
    for (const socket of this.hubSides.values()) (await socket).close();
  }
}
