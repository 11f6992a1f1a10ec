// Records what instrumentations of Node send; see record_newest.py, which starts this with NODE_PATH
// set to the `node_modules` of a folder in which was done:
//     npm install openai @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto \
//         @opentelemetry/exporter-logs-otlp-proto @langfuse/openai @langfuse/otel @langfuse/tracing \
//         @arizeai/openinference-instrumentation-openai @opentelemetry/instrumentation-openai \
//         @traceloop/instrumentation-openai
const { NodeSDK, logs } = require("@opentelemetry/sdk-node");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-proto");

const SYSTEM = "You are a terse assistant.";
const QUESTION = "What is the weather in Paris?";
const TOOL = {
  name: "get_weather",
  description: "Current weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const sender = process.env.SENDER;

async function conversation(client) {
  const tools = [{ type: "function", function: TOOL }];
  const messages = [
    { role: "system", content: SYSTEM },
    { role: "user", content: QUESTION },
  ];
  const asked = { model: "gpt-4o-mini", messages, tools };
  const reply = await client.chat.completions.create({ ...asked, temperature: 0.2, max_tokens: 64 });
  const [call] = reply.choices[0].message.tool_calls;
  const content = '{"temperature_c": 18, "sky": "sunny"}';
  messages.push(reply.choices[0].message, { role: "tool", tool_call_id: call.id, content });
  await client.chat.completions.create(asked);
  const stream = await client.chat.completions.create({
    model: "gpt-4o-mini",
    messages: [{ role: "user", content: "Say hello." }],
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const _chunk of stream);
  await client.embeddings.create({ model: "text-embedding-3-small", input: ["alpha", "beta"] });
}

function instrumentation() {
  if (sender === "node-openinference")
    return new (require("@arizeai/openinference-instrumentation-openai").OpenAIInstrumentation)();
  if (sender === "node-traceloop")
    return new (require("@traceloop/instrumentation-openai").OpenAIInstrumentation)();
  return new (require("@opentelemetry/instrumentation-openai").OpenAIInstrumentation)({
    captureMessageContent: true,
  });
}

async function openai() {
  const sdk = new NodeSDK({
    traceExporter: new OTLPTraceExporter(),
    logRecordProcessors: [new logs.BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
    instrumentations: [instrumentation()],
  });
  sdk.start();
  const { OpenAI } = require("openai");
  await conversation(new OpenAI({ apiKey: "none", baseURL: `${process.env.LLM}/v1` }));
  await sdk.shutdown();
}

async function langfuse() {
  const { LangfuseSpanProcessor } = require("@langfuse/otel");
  const { observeOpenAI } = require("@langfuse/openai");
  const { startActiveObservation, propagateAttributes } = require("@langfuse/tracing");
  const exporter = new OTLPTraceExporter();
  const processor = new LangfuseSpanProcessor({ exporter, publicKey: "pk", secretKey: "sk" });
  const sdk = new NodeSDK({ spanProcessors: [processor] });
  sdk.start();
  const { OpenAI } = require("openai");
  const client = observeOpenAI(new OpenAI({ apiKey: "none", baseURL: `${process.env.LLM}/v1` }));
  const who = { userId: "ann", sessionId: "chat-1", tags: ["demo"], metadata: { tier: "pro" } };
  await propagateAttributes(who, () =>
    startActiveObservation("turn", async () => conversation(client), { asType: "agent" }),
  );
  await sdk.shutdown();
}

(sender === "node-langfuse" ? langfuse : openai)().then(() => process.exit(0));
