"""A LlamaIndex model over the `openai` SDK, as llama-index-llms-openai is, which needs openai<3."""

import json
from collections.abc import Sequence
from typing import Any

import openai
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

__all__ = ["LocalModel"]


class LocalModel(FunctionCallingLLM):
    """Chat, streams and tools of a server that speaks OpenAI's API; `raw` is the SDK's answer."""

    url: str
    model: str = "gpt-4o-mini"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks a model about itself."""
        return LLMMetadata(
            model_name=self.model, is_chat_model=True, is_function_calling_model=True
        )

    def _client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0)

    def _async_client(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0)

    def _body(self, messages: Sequence[ChatMessage], more: dict[str, Any]) -> dict[str, Any]:
        return {"model": self.model, "messages": [_sent(message) for message in messages], **more}

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Ask, and wait for the whole answer."""
        with self._client() as client:
            return _answer(client.chat.completions.create(**self._body(messages, kwargs)))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Ask, and give the words as they come."""

        def words() -> ChatResponseGen:
            body = self._body(messages, kwargs)
            text = ""
            with self._client() as client:
                for chunk in client.chat.completions.create(
                    **body, stream=True, stream_options={"include_usage": True}
                ):
                    delta = chunk.choices[0].delta.content or "" if chunk.choices else ""
                    text += delta
                    message = ChatMessage(role="assistant", content=text)
                    yield ChatResponse(message=message, delta=delta, raw=chunk)

        return words()

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """As `chat`."""
        async with self._async_client() as client:
            return _answer(await client.chat.completions.create(**self._body(messages, kwargs)))

    @llm_chat_callback()
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        """The whole answer as one piece of a stream."""

        async def words() -> ChatResponseAsyncGen:
            async with self._async_client() as client:
                answer = await client.chat.completions.create(**self._body(messages, kwargs))
            yield _answer(answer)

        return words()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002, FBT001, FBT002  # LlamaIndex's signature.
        """A completion by way of a chat."""
        answer = self.chat([ChatMessage(role="user", content=prompt)], **kwargs)
        return CompletionResponse(text=answer.message.content or "", raw=answer.raw)

    @llm_completion_callback()
    async def acomplete(
        self,
        prompt: str,
        formatted: bool = False,  # noqa: ARG002, FBT001, FBT002  # LlamaIndex's signature.
        **kwargs: Any,
    ) -> CompletionResponse:
        """As `complete`."""
        answer = await self.achat([ChatMessage(role="user", content=prompt)], **kwargs)
        return CompletionResponse(text=answer.message.content or "", raw=answer.raw)

    def stream_complete(self, *args: Any, **kwargs: Any) -> CompletionResponseGen:
        """Not needed by any test."""
        raise NotImplementedError

    async def astream_complete(self, *args: Any, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Not needed by any test."""
        raise NotImplementedError

    def _prepare_chat_with_tools(  # noqa: PLR0917
        self,
        tools: Sequence[Any],
        user_msg: Any = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: ARG002, FBT001, FBT002  # LlamaIndex's signature.
        allow_parallel_tool_calls: bool = False,  # noqa: ARG002, FBT001, FBT002
        tool_required: bool = False,  # noqa: ARG002, FBT001, FBT002
        **kwargs: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(
                ChatMessage(role="user", content=user_msg)
                if isinstance(user_msg, str)
                else user_msg
            )
        return {
            "messages": messages,
            "tools": [tool.metadata.to_openai_tool() for tool in tools],
        }

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,  # noqa: ARG002, FBT001, FBT002  # LlamaIndex's signature.
        **kwargs: Any,  # noqa: ARG002
    ) -> list[ToolSelection]:
        """The calls that the model asked for."""
        return [
            ToolSelection(
                tool_id=block.tool_call_id or "",
                tool_name=block.tool_name,
                tool_kwargs=json.loads(str(block.tool_kwargs)),
            )
            for block in response.message.blocks
            if isinstance(block, ToolCallBlock)
        ]


def _sent(message: ChatMessage) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role.value, "content": message.content or ""}
    calls = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    if calls:
        sent["tool_calls"] = [
            {
                "id": call.tool_call_id,
                "type": "function",
                "function": {"name": call.tool_name, "arguments": call.tool_kwargs},
            }
            for call in calls
        ]
    if "tool_call_id" in message.additional_kwargs:
        sent["tool_call_id"] = message.additional_kwargs["tool_call_id"]
    return sent


def _answer(answer: Any) -> ChatResponse:
    said = answer.choices[0].message
    blocks: list[Any] = [TextBlock(text=said.content)] if said.content else []
    blocks += [
        ToolCallBlock(
            tool_call_id=call.id,
            tool_name=call.function.name,
            tool_kwargs=call.function.arguments,
        )
        for call in said.tool_calls or ()
    ]
    message = ChatMessage(role="assistant", blocks=blocks)
    return ChatResponse(message=message, raw=answer)
