/** A whole number that a program gives as an option. */
import { TorrewindError } from '../src/errors.js'

/** Throws OPTION_INVALID. */
export const whole = (value: number, name: string, min: number, max: number): number => {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new TorrewindError('OPTION_INVALID', `${name} is a whole number from ${min} to ${max}, not ${value}`)
}
