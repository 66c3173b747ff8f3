import type { ChatRequest } from './chat-server.ts'

/**
 * A judge that reads literally: sentences are events; a text entails an event that it contains literally, and contradicts one that it
 * contains after "not".
 */
export function literalJudge({ messages }: ChatRequest): string {
  const { description, events } = JSON.parse(messages[1]?.content ?? '') as { description: string; events?: Record<string, string> }
  if (events === undefined) return JSON.stringify({ events: description.split('. ') })
  const verdicts = Object.entries(events).map(([number, event]) => [number, verdictOn(event, description)])
  return JSON.stringify(Object.fromEntries(verdicts))
}

function verdictOn(event: string, description: string): { reason: string; relationship: string } {
  if (description.includes(`not ${event}`)) return { reason: 'it denies it', relationship: 'contradiction' }
  if (description.includes(event)) return { reason: 'it says so', relationship: 'entailment' }
  return { reason: 'it says nothing of it', relationship: 'neutral' }
}
