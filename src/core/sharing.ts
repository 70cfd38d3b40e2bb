/**
 * What calls share: all calls of a store, or those of one tick of the event loop and nobody after them.
 *
 * @module
 */

/** Turns what makes a thing into what gives the thing that calls share. */
export type Share = <T>(make: () => T) => () => T

/** The same thing for ever. */
export const forAll: Share = (make) => {
  let made: { readonly value: ReturnType<typeof make> } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The same thing within a tick, another one in the next. */
export const perTick: Share = (make) => {
  let made: { readonly value: ReturnType<typeof make> } | undefined
  return () => {
    if (made === undefined) {
      made = { value: make() }
      queueMicrotask(() => {
        made = undefined
      })
    }
    return made.value
  }
}
