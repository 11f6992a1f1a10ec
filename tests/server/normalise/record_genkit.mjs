// Records what Genkit sends; see record_frameworks.py, which starts this as sender `genkit`.
import { openAI } from "@genkit-ai/compat-oai/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { genkit, z } from "genkit";
import { disableGenkitOTelInitialization } from "genkit/tracing";

disableGenkitOTelInitialization();
const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() });
sdk.start();
const ai = genkit({ plugins: [openAI({ apiKey: "none", baseURL: `${process.env.LLM}/v1` })] });
const getWeather = ai.defineTool(
  {
    name: "get_weather",
    description: "Current weather of a city",
    inputSchema: z.object({ city: z.string() }),
    outputSchema: z.any(),
  },
  async ({ city }) => ({ temperature_c: 18, city }),
);
const atlas = ai.defineRetriever({ name: "atlas" }, async () => ({
  documents: [{ content: [{ text: "Paris is in France." }], metadata: { page: 7 } }],
}));
const turn = ai.defineFlow(
  { name: "turn", inputSchema: z.string(), outputSchema: z.string() },
  async (question) => {
    await ai.retrieve({ retriever: atlas, query: question });
    const reply = await ai.generate({
      model: openAI.model("gpt-4o-mini"),
      system: "You are a terse assistant.",
      prompt: question,
      tools: [getWeather],
      config: { temperature: 0.2 },
    });
    return reply.text;
  },
);
await turn("What is the weather in Paris?");
await ai.embed({ embedder: openAI.embedder("text-embedding-3-small"), content: "alpha" });
await sdk.shutdown();
process.exit(0);
