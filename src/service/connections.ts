import type { Connection } from '../shared/contract/system.ts'

/** A connection, and the files in `src` that open it. */
interface KnownConnection extends Connection {
  readonly openedBy: readonly string[]
}

/** All network connections of the app. test/unit/service/connections.test.ts checks the code against this list. */
export const connections: readonly KnownConnection[] = [
  {
    to: 'The Hugging Face hub (huggingface.co) or the mirror in HF_ENDPOINT, through the proxy in HTTPS_PROXY if set',
    why: 'Downloads a model that you selected.',
    when: 'Only when you start or resume a download.',
    openedBy: ['engine/models/hub/hub-client.ts', 'engine/models/hub/proxies.ts', 'engine/models/hub/repository-listing.ts'],
  },
  {
    to: 'The registries of PyPI and npm (files.pythonhosted.org, registry.npmjs.org) or a mirror that you named, through the proxy in HTTPS_PROXY if set',
    why: 'Downloads the GPU pack: the CUDA parts of llama.cpp and ONNX Runtime.',
    when: 'Only when you install the GPU pack.',
    openedBy: ['engine/gpu-pack/pack-client.ts', 'engine/models/hub/proxies.ts'],
  },
  {
    to: 'Hosts that you allowed when you started "tarsier serve"',
    why: "Downloads a clip whose URL is in a request to the server's API.",
    when: 'Only while "tarsier serve" runs, and only from the allowed hosts (default: none).',
    openedBy: ['platform/fetch-allowed.ts'],
  },
  {
    to: 'The judge of a benchmark, or model servers that you named (OpenAI, Azure or compatible ones), through the proxy in HTTPS_PROXY if set',
    why: 'Sends answers to the judge, or clips and questions to the model.',
    when: 'Only when you run a command or a benchmark that uses these servers.',
    openedBy: ['bench/judges/openai-judge.ts', 'engine/models/hub/proxies.ts', 'servers/chat-server.ts', 'servers/server-connection.ts'],
  },
  {
    to: 'The PostgreSQL database of a queue, which you give to a command, or enter in the settings',
    why: 'Takes clips of jobs and stores their results.',
    when: 'Only while a command with a queue runs, or while Batches are shown if a queue is configured.',
    openedBy: ['platform/guarded-socket.ts', 'queue/database.ts'],
  },
  {
    to: 'Hosts that you allowed when you started "tarsier worker"',
    why: 'Downloads a clip of a job that is given by its address.',
    when: 'Only while "tarsier worker" runs, and only from the allowed hosts (default: none).',
    openedBy: ['platform/fetch-allowed.ts'],
  },
  {
    to: 'The releases of Tarsier Desktop (the feed that an installed app was built with)',
    why: 'Looks for a newer version of the app, and downloads it.',
    when: 'Only when you ask for it in Help, or once a day if you allow that there. Off until then.',
    openedBy: ['main/update-feed.ts'],
  },
  {
    to: 'This machine (127.0.0.1), or the address that "tarsier serve" listens on',
    why: 'The web page, and programs and agents with the token, send requests to "tarsier serve".',
    when: 'Only while "tarsier serve" runs. The desktop app opens no port.',
    openedBy: ['renderer/lib/upload.ts', 'renderer/transport.ts', 'serve/server.ts'],
  },
]
