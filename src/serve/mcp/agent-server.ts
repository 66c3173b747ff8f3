import { McpServer } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { appVersion } from '../../service/version.ts'
import { answer, describe } from './answer.ts'
import { type Call, runTool, type ToolOutput } from './call.ts'
import { registerClips } from './clip-resources.ts'
import { checkCaption, findEvents } from './file-tools.ts'
import { installedModels, searchLibrary } from './library-tools.ts'
import type { AgentParts } from './parts.ts'
import {
  answerOutput,
  askInput,
  checkInput,
  checkOutput,
  describeInput,
  eventsInput,
  eventsOutput,
  modelsInput,
  modelsOutput,
  searchInput,
  searchOutput,
} from './schemas.ts'
import { toolSchema } from './tool-schema.ts'

interface Tool<Input extends z.ZodType> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Input
  readonly output: z.ZodType
  readonly run: (input: z.output<Input>, parts: AgentParts, call: Call) => Promise<ToolOutput>
}

/** Creates a server of the Model Context Protocol with the tools for agents, for one connection or request. */
export function createAgentServer(parts: AgentParts): McpServer {
  const server = new McpServer({ name: 'tarsier', title: 'Tarsier Desktop', version: appVersion() }, { instructions: instructions(parts) })
  const add = <Input extends z.ZodType>({ name, title, description, input, output, run }: Tool<Input>) => {
    const config = {
      title,
      description,
      inputSchema: toolSchema(input),
      outputSchema: toolSchema(output),
      annotations: { readOnlyHint: true, openWorldHint: false },
    }
    server.registerTool(name, config, (args, ctx) => runTool(parts, ctx, (call) => run(args, parts, call)))
  }
  add({
    name: 'describe_video',
    title: 'Describe a video',
    description:
      'Describes what a video or picture shows, in detail, with a model on this machine. Can also tell when each event of the description happens, and return the frames that the model saw. For videos longer than about a minute use find_events.',
    input: describeInput,
    output: answerOutput,
    run: describe,
  })
  add({
    name: 'ask_about_video',
    title: 'Ask about a video',
    description: 'Answers a question about a video or picture. Further questions about the same frames are fast.',
    input: askInput,
    output: answerOutput,
    run: answer,
  })
  add({
    name: 'find_events',
    title: 'Find what happens when',
    description:
      'Describes a video of any length segment by segment and finds out when its events happen, in seconds. With `text`, finds the times of the events that the text tells. May take as long as the video; a cancelled call continues where it was when it is repeated.',
    input: eventsInput,
    output: eventsOutput,
    run: findEvents,
  })
  add({
    name: 'check_caption',
    title: 'Check a caption',
    description:
      'Tells how much a video or picture supports each sentence and word of a text, from 0 (contradicts it) to 1 (shows it), and when each sentence is supported best.',
    input: checkInput,
    output: checkOutput,
    run: checkCaption,
  })
  add({
    name: 'search_library',
    title: 'Search the library',
    description: 'Searches the descriptions, conversations and events that the user has made with Tarsier Desktop.',
    input: searchInput,
    output: searchOutput,
    run: searchLibrary,
  })
  add({
    name: 'list_models',
    title: 'List models',
    description: 'Lists the installed models.',
    input: modelsInput,
    output: modelsOutput,
    run: (_input, with_) => installedModels(with_),
  })
  registerClips(server, parts)
  return server
}

function instructions({ folders }: AgentParts): string {
  const where = folders.showsPaths
    ? `Files can be opened below these folders only: ${folders.real.join(', ')}.`
    : folders.real.length === 0
      ? 'No folder is allowed, so no files can be opened.'
      : 'Files can be opened below one folder only; paths are relative to it, and the resources list its clips.'
  return `Describes videos and pictures with a model that runs on this machine; nothing is uploaded. ${where} The model can be wrong: check_caption measures how much a clip supports a text. Calls may take minutes.`
}
