/** The next message of a topic, from whichever server it was published on. */
export default defineEventHandler(async () => {
  const stream = useStreamAdapter()
  return new Promise((resolve, reject) => {
    const subscribing = stream.subscribe('nvent:stream:flow:stats', async (message) => {
      resolve(message)
      await (await subscribing).unsubscribe()
    })
    subscribing.catch(reject)
  })
})
