"""Who makes which assistants: the names that `identity` looks for in answers.

Public product names, as the makers' own sites give them (2022-2025). Leaves out version numbers and
fine-tunes that nobody answers by. A new line is enough to know a new name.
"""

from __future__ import annotations

# Names that mean an assistant or its maker and nothing else.
PLAIN: dict[str, tuple[str, ...]] = {
    "OpenAI": ("OpenAI", "ChatGPT", "InstructGPT", "GPT-3.5", "GPT-3", "GPT-4o", "GPT-4", "GPT-5", "GPT4"),
    "Anthropic": ("Anthropic",),
    "Google": ("Google DeepMind", "Google", "DeepMind", "LaMDA", "PaLM 2"),
    "Meta": ("Meta AI", "LLaMA", "Llama 2", "Llama 3"),
    "Microsoft": ("Microsoft", "Microsoft Copilot", "Bing Chat"),
    "Mistral AI": ("Mistral AI", "MistralAI", "Mixtral"),
    "Alibaba": ("Alibaba Cloud", "Alibaba", "Qwen", "QwQ", "Tongyi Qianwen", "通义千问", "阿里云"),
    "DeepSeek": ("DeepSeek", "深度求索"),
    "Baidu": ("Baidu", "ERNIE Bot", "文心一言", "百度"),
    "Zhipu AI": ("ChatGLM", "Zhipu AI", "Zhipu", "智谱"),
    "01.AI": ("01.AI", "零一万物"),
    "Moonshot AI": ("Moonshot AI", "Kimi", "月之暗面"),
    "MiniMax": ("MiniMax",),
    "ByteDance": ("ByteDance", "Doubao", "豆包", "字节跳动"),
    "Tencent": ("Tencent", "Hunyuan", "混元", "腾讯"),
    "Baichuan": ("Baichuan", "百川"),
    "Shanghai AI Laboratory": ("InternLM", "Shanghai AI Laboratory", "书生"),
    "xAI": ("xAI",),
    "Cohere": ("Cohere", "Command R"),
    "AI21 Labs": ("AI21 Labs", "AI21", "Jurassic-2"),
    "LMSYS": ("LMSYS", "Large Model Systems Organization", "Vicuna"),
    "LAION": ("LAION", "Open Assistant", "OpenAssistant", "Open-Assistant"),
    "TII": ("Technology Innovation Institute",),
    "Databricks": ("Databricks", "DBRX"),
    "NVIDIA": ("NVIDIA", "Nemotron"),
    "IBM": ("IBM", "IBM Watson"),
    "Hugging Face": ("Hugging Face", "HuggingFace", "HuggingChat"),
    "Amazon": ("Amazon Web Services", "Amazon"),
    "Apple": ("Apple",),
    "Upstage": ("Upstage",),
    "LG AI Research": ("LG AI Research", "EXAONE"),
    "Nous Research": ("Nous Research",),
    "Allen Institute for AI": ("Allen Institute for AI", "AllenAI", "AI2", "OLMo"),
    "Inflection AI": ("Inflection AI",),
    "Perplexity": ("Perplexity AI",),
}
# Names that are also words or people's names: they count only beside a word such as "assistant".
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "Anthropic": ("Claude",),
    "Google": ("Bard", "Gemini", "Gemma", "PaLM"),
    "Meta": ("Meta", "Llama", "Facebook"),
    "Microsoft": ("Phi", "Copilot", "Bing", "Sydney"),
    "Mistral AI": ("Mistral", "Le Chat"),
    "Baidu": ("Ernie",),
    "01.AI": ("Yi",),
    "Zhipu AI": ("GLM",),
    "xAI": ("Grok",),
    "Stanford": ("Alpaca", "Stanford"),
    "TII": ("Falcon",),
    "Databricks": ("Dolly",),
    "IBM": ("Granite",),
    "Hugging Face": ("Zephyr",),
    "Amazon": ("Alexa", "Titan", "Nova"),
    "Apple": ("Siri",),
    "Upstage": ("Solar",),
    "Nous Research": ("Hermes",),
    "Inflection AI": ("Pi",),
}
