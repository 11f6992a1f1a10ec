// Records what Vercel's AI SDK sends; see record.py, which starts this as sender `vercel-ai`:
//     npm install ai @ai-sdk/openai zod @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto
// Senders `vercel-ai-v5` and `vercel-ai-v4` are the same beside ai@5 @ai-sdk/openai@2 zod@3 and
// ai@4 @ai-sdk/openai@1 zod@3, which call some settings otherwise: both names are given.
import { createOpenAI } from "@ai-sdk/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { NodeSDK } from "@opentelemetry/sdk-node";
import * as ai from "ai";
import { z } from "zod";

const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() });
sdk.start();
const openai = createOpenAI({ baseURL: `${process.env.LLM}/v1`, apiKey: "none" });
const experimental_telemetry = {
  isEnabled: true,
  functionId: "turn",
  metadata: { sessionId: "chat-1", userId: "ann", tier: "pro" },
};
await ai.generateText({
  model: openai.chat("gpt-4o-mini"),
  system: "You are a terse assistant.",
  prompt: "What is the weather in Paris?",
  temperature: 0.2,
  stopWhen: ai.stepCountIs?.(2),
  maxSteps: 2,
  tools: {
    get_weather: ai.tool({
      description: "Current weather of a city",
      inputSchema: z.object({ city: z.string() }),
      parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ temperature_c: 18, city }),
    }),
  },
  experimental_telemetry,
});
const stream = ai.streamText({
  model: openai.chat("gpt-4o-mini"),
  prompt: "Say hello.",
  experimental_telemetry,
});
for await (const _chunk of stream.textStream);
await ai.embedMany({
  model: openai.textEmbeddingModel("text-embedding-3-small"),
  values: ["alpha", "beta"],
  experimental_telemetry,
});
await sdk.shutdown();
