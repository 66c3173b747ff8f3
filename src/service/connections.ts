import type { Connection } from '../shared/contract/system.ts'

/** A connection, and the files in `src` that open it. */
interface KnownConnection extends Connection {
  readonly openedBy: readonly string[]
}

/** All network connections of the app. test/unit/service/connections.test.ts checks the code against this list. */
export const connections: readonly KnownConnection[] = [
  {
    to: 'the Hugging Face hub (huggingface.co), or the one that HF_ENDPOINT names, through the proxy that HTTPS_PROXY names',
    why: 'to fetch a model that you chose',
    when: 'only when you start or resume a download',
    openedBy: ['engine/models/hub/hub-client.ts', 'engine/models/hub/proxies.ts', 'engine/models/hub/repository-listing.ts'],
  },
  {
    to: 'hosts that a server of yours ("tarsier serve") was allowed to fetch from when it was started',
    why: "to fetch a clip that a request to the server's API names by its address",
    when: 'only while such a server runs; one that was allowed no host fetches nothing',
    openedBy: ['serve/openai/media.ts'],
  },
  {
    to: 'the server of a judge or a model that a benchmark names (OpenAI, Azure, or one of your own that speaks as they do), through the proxy that HTTPS_PROXY names',
    why: "to have a model's answers judged, or to ask that model the same questions",
    when: 'only when you run a benchmark with it',
    openedBy: ['bench/judges/openai-judge.ts', 'bench/run/openai-model.ts', 'bench/server-connection.ts', 'engine/models/hub/proxies.ts'],
  },
  {
    to: 'this machine itself (127.0.0.1), or the address that "tarsier serve" was told to listen at',
    why: 'the page, and programs that you let, ask the server of "tarsier serve"',
    when: 'only while "tarsier serve" runs; the desktop app opens no port',
    openedBy: ['renderer/lib/upload.ts', 'renderer/transport.ts', 'serve/server.ts'],
  },
]
