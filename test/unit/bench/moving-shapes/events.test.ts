import { describe, expect, it } from 'vitest'
import { eventsIn, relate } from '../../../../src/bench/moving-shapes/events.ts'

const description = 'A red circle moves right and then grows. An orange star stays still. The background is black.'

describe('eventsIn', () => {
  it('splits a description into single motions', () => {
    expect(eventsIn(description)).toEqual(['The red circle moves right.', 'The red circle grows.', 'The orange star stays still.'])
  })

  it('finds no events in text outside the language', () => {
    expect(eventsIn('I only know moving shapes.')).toEqual([])
    expect(eventsIn('')).toEqual([])
  })
})

describe('relate', () => {
  it.each([
    ['The red circle grows.', 'entailment'],
    ['the orange star stays still.', 'entailment'],
    ['The red circle moves left.', 'contradiction'],
    ['The red star moves right.', 'neutral'],
    ['Something else happens', 'neutral'],
  ])('judges "%s" as %s', (event, relationship) => {
    expect(relate(event, description).relationship).toBe(relationship)
  })

  it('explains its judgement', () => {
    expect(relate('The red circle moves left.', description).reason).toBe(
      'the description says that the red circle moves right and then grows',
    )
    expect(relate('The blue circle moves left.', description).reason).toBe('the description does not mention a blue circle')
  })
})
