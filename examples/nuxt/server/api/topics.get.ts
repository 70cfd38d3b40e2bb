/** How many requests wait here for news. */
export default defineEventHandler(() =>
  useStreamAdapter().getSubscriptionCount('nvent:stream:flow:stats'),
)
