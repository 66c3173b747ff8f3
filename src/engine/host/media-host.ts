import { assertNever } from '../../shared/errors.ts'
import { frameSteps } from '../media/frame-times.ts'
import { openClip } from '../media/open-clip.ts'
import { writePreview } from '../media/preview.ts'
import { findShots } from '../media/shots.ts'
import { framePictures, thumbnailOf } from '../pictures.ts'
import type { MediaCommand, MediaEvent } from './media-commands.ts'
import { serveCommands } from './serve-commands.ts'

/**
 * The process that opens clips for display. It is separate from the engine process, so that a file that crashes a decoder ends no answer,
 * and a long answer does not delay images.
 */
serveCommands<MediaCommand, MediaEvent>(async (command, signal, send) => {
  switch (command.kind) {
    case 'probe': {
      await using clip = await openClip(command.path, signal)
      return clip.info
    }
    case 'plan': {
      await using clip = await openClip(command.path, signal)
      return clip.plan(command.frames, command.options)
    }
    case 'frame-steps': {
      await using clip = await openClip(command.path, signal)
      return frameSteps(clip)
    }
    case 'thumbnail':
      return thumbnailOf(command.path, signal)
    case 'preview':
      return writePreview(command.path, command.target, signal, (value) => send({ kind: 'progress', value }))
    case 'shots':
      for await (const event of findShots(command.path, command.options, signal)) send({ kind: 'shots', event })
      return null
    case 'pictures':
      for await (const picture of framePictures(command.request, command.manifest, signal)) send({ kind: 'picture', picture })
      return null
    default:
      return assertNever(command, 'command')
  }
})
