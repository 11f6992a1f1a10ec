// Records what Vercel's AI SDK sends; see record.py, which starts this as sender `vercel-ai`:
//     npm install ai @ai-sdk/openai zod @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto
import { createOpenAI } from "@ai-sdk/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() });
sdk.start();
const openai = createOpenAI({ baseURL: `${process.env.LLM}/v1`, apiKey: "none" });
const experimental_telemetry = {
  isEnabled: true,
  functionId: "turn",
  metadata: { sessionId: "chat-1", userId: "ann", tier: "pro" },
};
await generateText({
  model: openai.chat("gpt-4o-mini"),
  system: "You are a terse assistant.",
  prompt: "What is the weather in Paris?",
  temperature: 0.2,
  stopWhen: stepCountIs(2),
  tools: {
    get_weather: tool({
      description: "Current weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ temperature_c: 18, city }),
    }),
  },
  experimental_telemetry,
});
const stream = streamText({
  model: openai.chat("gpt-4o-mini"),
  prompt: "Say hello.",
  experimental_telemetry,
});
for await (const _chunk of stream.textStream);
await embedMany({
  model: openai.textEmbeddingModel("text-embedding-3-small"),
  values: ["alpha", "beta"],
  experimental_telemetry,
});
await sdk.shutdown();
