import { useEffect } from 'react'
import { refreshClip } from '../flows/open-clip.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useFrames } from '../stores/frames.ts'
import { reportErrors } from '../stores/problem.ts'
import { useReturn } from './use-return.ts'

/**
 * A file may go while its clip is on the table, and come back. Whatever comes upon that first (an answer, the strip of frames, the film,
 * whose preview cannot be made then) has the file looked for, so that all of the page knows.
 */
export function useMissingFile(): void {
  const missing = useClip((state) => state.metadata?.present === false)
  const videoMissing = useClip(({ preview }) => preview.kind === 'failed' && preview.error.code === 'file-missing')
  const noFrames = useFrames((state) => state.problem?.code === 'file-missing')
  const noAnswer = useChat((state) => state.chat?.all.at(-1)?.error?.code === 'file-missing')
  const idle = useChat((state) => state.run === null)
  const cause = missing || videoMissing || noFrames || noAnswer
  useEffect(() => {
    if (idle && cause) reportErrors(refreshClip)
  }, [idle, cause])
  useReturn(checkMissingFile)
}

async function checkMissingFile(): Promise<void> {
  if (useClip.getState().metadata?.present === false) await refreshClip()
}
