import { neighbouringStart } from '../lib/event-track.ts'
import { useClip } from '../stores/clip.ts'
import { seekTo, usePlayer } from '../stores/player.ts'

/** Goes to a time of the open clip and plays. */
export function playFrom(seconds: number): void {
  seekTo(seconds, useClip.getState().metadata?.duration ?? 0)
  usePlayer.getState().video?.play()
}

/** Plays from the next or previous event; does nothing if there is none. `direction` is 1 or -1. */
export function playNeighbour(starts: readonly number[], direction: 1 | -1): void {
  const start = neighbouringStart(starts, usePlayer.getState().time, direction)
  if (start !== null) playFrom(start)
}
