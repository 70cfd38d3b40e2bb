/**
 * What options are given with, read and checked.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander'
import { type TransferTier, transferTiers } from '../transfer/format.js'

/** `events,keys`. */
export function tiersOf(text: string): readonly TransferTier[] {
  return text.split(',').map((name) => {
    const tier = transferTiers.find((each) => each === name.trim())
    if (tier === undefined) {
      throw new InvalidArgumentError(`There are ${transferTiers.join(', ')}.`)
    }
    return tier
  })
}

/** From 0. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.')
  return Number(text)
}

/** As many rows as a statement of `prune` may remove. */
export function rowsOfBatch(text: string): number {
  const value = positiveInteger(text)
  if (value > 10_000) throw new InvalidArgumentError('It must be from 1 to 10000.')
  return value
}

/** A TCP port; 0 asks for a free one. */
export function port(text: string): number {
  const value = wholeNumber(text)
  if (value > 65_535) throw new InvalidArgumentError('It must be from 0 to 65535.')
  return value
}

/** All that an option was given with. */
export const several = (text: string, before: readonly string[] = []) => [...before, text]

/** From 1. */
export function positiveInteger(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) throw new InvalidArgumentError('It must be at least 1.')
  return value
}
