/**
 * Channels between the workers of an origin, with the type of what is sent on them.
 *
 * @module
 */

/** One of the channels on which workers of an origin hear each other. */
export interface Channel<Message> {
  readonly send: (message: Message) => void
  onMessage(take: (message: Message) => void): void
  close(): void
}

/** Opens the channel of this name. What is sent once it is closed goes nowhere. */
export function channelOf<Message>(name: string): Channel<Message> {
  const channel = new BroadcastChannel(name)
  let isOpen = true
  return {
    send(message) {
      if (isOpen) channel.postMessage(message)
    },
    onMessage(take) {
      channel.onmessage = ({ data }) => take(data as Message)
    },
    close() {
      isOpen = false
      channel.close()
    },
  }
}
