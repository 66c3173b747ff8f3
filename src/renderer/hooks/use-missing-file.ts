import { useEffect } from 'react'
import { lookForFile } from '../flows/open-clip.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useFrames } from '../stores/frames.ts'
import { told } from '../stores/problem.ts'
import { useReturn } from './use-return.ts'

/**
 * A file may go while its clip is on the table, and come back. Whatever comes upon that first (an answer, the strip of frames, the film,
 * whose preview cannot be made then) has the file looked for, so that all of the page knows.
 */
export function useMissingFile(): void {
  const missing = useClip((state) => state.facts?.present === false)
  const noFilm = useClip(({ preview }) => preview.kind === 'failed' && preview.error.code === 'file-missing')
  const noFrames = useFrames((state) => state.problem?.code === 'file-missing')
  const noAnswer = useChat((state) => state.chat?.all.at(-1)?.error?.code === 'file-missing')
  const idle = useChat((state) => state.run === null)
  const cause = missing || noFilm || noFrames || noAnswer
  useEffect(() => {
    if (idle && cause) told(lookForFile)
  }, [idle, cause])
  useReturn(lookWhereMissing)
}

async function lookWhereMissing(): Promise<void> {
  if (useClip.getState().facts?.present === false) await lookForFile()
}
