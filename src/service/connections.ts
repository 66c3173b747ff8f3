import type { Connection } from '../shared/contract/system.ts'

/** Every connection the app can make. There is no other: test/unit/service/connections.test.ts holds the code to it. */
export const connections: readonly Connection[] = [
  {
    to: 'the Hugging Face hub (huggingface.co), or the one that HF_ENDPOINT names, through the proxy that HTTPS_PROXY names',
    why: 'to fetch a model that you chose',
    when: 'only when you start or resume a download',
  },
  {
    to: 'the hosts that "tarsier serve --allow-remote" names',
    why: "to fetch a clip that a request to the server's API names by its address",
    when: 'only while a server runs that was started so; without that option it fetches nothing',
  },
  {
    to: 'the server of a judge or a model that a benchmark names (OpenAI, Azure, or one of your own that speaks as they do)',
    why: "to have a model's answers judged, or to ask that model the same questions",
    when: 'only when you run a benchmark with it',
  },
  {
    to: 'this machine itself (127.0.0.1), or the address that "tarsier serve --host" names',
    why: 'the page, and programs that you let, ask the server of "tarsier serve"',
    when: 'only while "tarsier serve" runs; the desktop app opens no port',
  },
]
