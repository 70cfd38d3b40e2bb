/** The next message of a topic, from whichever server it was published on. */
export default defineEventHandler(async (event) => {
  const stream = useStreamAdapter()
  return new Promise((resolve, reject) => {
    const subscribing = stream.subscribe('nvent:stream:flow:stats', resolve)
    subscribing.catch(reject)
    // Answered, or the client has gone away.
    event.node.res.once('close', async () => (await subscribing).unsubscribe())
  })
})
