//! Chinese. Written without spaces: list entries are runs of characters.

use super::Language;

pub(super) const CHINESE: Language = Language {
    lists: &[
        (
            "ignore",
            "忽略 忽視 忽视 无视 無視 忘记 忘記 忘掉 抛弃 不要理会 不要遵守 放弃 丢弃 别管 不用管 跳过",
        ),
        ("ignore_last", "忽略 忽視 忽视 无视 忘记 忘掉 作废 失效"),
        ("earlier", "之前 以前 先前 前面 上面 以上 上述 此前 原有 原来 最初 初始 系统 早先 前述"),
        ("before", "之前 以上 上面 先前"),
        ("instruction", "指令 指示 规则 規則 命令 提示 提示词 指导 准则 要求 约束 设定 指引 限制"),
        ("your", "你的 您的 自己的"),
        ("all", "所有 全部 任何 一切"),
        ("everything", "一切 所有 全部"),
        ("told", "告诉你 说的 教你 内容"),
        (
            "reveal_foreign",
            "显示 顯示 告诉我 告訴我 透露 输出 輸出 打印 展示 给我看 泄露 重复 说出 公开 列出 揭示 写出",
        ),
        ("system", "系统 系統 隐藏 秘密 内部 初始"),
        ("prompt", "提示词 提示詞 提示 指令 消息 设定"),
        ("systemprompt", "系统提示词 系统提示 系統提示"),
        ("become", "你现在是 你現在是 你是 扮演 假装 假裝 充当 模拟 想象你是 作为 成为 表现得像"),
        (
            "outlaw",
            "不受限制 无限制 邪恶 无道德 不受约束 无审查 未经审查 越狱 不受任何限制 没有底线",
        ),
        ("none", "没有 無 无 沒有 不受 摆脱 不遵守 不需要遵守"),
        ("limit", "限制 约束 規則 规则 道德 审查 过滤 伦理 束缚 底线"),
        ("assistant", "ai AI 人工智能 助手 模型 机器人 智能助手"),
        ("bypass", "绕过 繞過 关闭 關閉 禁用 解除 突破 规避 取消 移除 停用"),
        ("bypass_foreign", "绕过 繞過 关闭 關閉 禁用 解除 突破 规避 取消 移除 停用"),
        ("guard", "过滤器 过滤 安全 限制 审查 防护 护栏 政策 保护 安全限制"),
        ("discussion", "例如 示例 例子 攻击 注入 短语 技术 漏洞 检测 研究 恶意 风险 黑客 防御"),
    ],
};
