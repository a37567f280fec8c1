//! English. A star stands for any ending.

use super::Language;

pub(super) const ENGLISH: Language = Language {
    lists: &[
        (
            "ignore",
            "ignore ignor disregard forget override overrule neglect discard scrap bypass unlearn \
             ingore",
        ),
        ("ignore_last", "ignore disregard forget discard"),
        (
            "earlier",
            "previous previously prior above earlier preceding foregoing former existing initial \
             original system current developer developers past previos precedent old creators creator",
        ),
        (
            "before",
            "above before previously earlier prior already foregoing far given received got",
        ),
        (
            "instruction",
            "instruction instructions rule rules guideline guidelines prompt prompts direction \
             directions directive directives commands training programming constraint constraints \
             guardrails guidance protocols programming intructions instuctions",
        ),
        ("your", "your ur yours"),
        ("your_last", "yourself yours"),
        ("become_last", "roleplay impersonate"),
        ("all", "all any every each"),
        ("everything", "everything all anything every"),
        ("put", "give return summarize summarise translate quote spell write paste encode list"),
        (
            "told",
            "told taught instructed given learned learnt said programmed receive received ordered \
             asked",
        ),
        ("never", "never not don t dont"),
        ("system", "system hidden secret developer pre underlying confidential sys"),
        ("prompt", "prompt prompts preprompt preamble"),
        ("systemprompt", "systemprompt sysprompt metaprompt"),
        (
            "say",
            "give return summarize summarise translate quote spell write say respond reply answer \
             state paste encode list provide explain",
        ),
        (
            "reveal",
            "reveal show display print output repeat tell leak expose recite dump disclose divulge \
             paste share regurgitate",
        ),
        ("reveal_foreign", "reveal leak expose disclose divulge"),
        ("reveal_last", "revealed leaked exposed disclosed"),
        (
            "become",
            "be are act become pretend roleplay simulate imagine emulate impersonate behave respond \
             answer speak play re am assume acting character role named called imitate",
        ),
        (
            "act",
            "act behave respond answer roleplay role pretend simulate imagine emulate impersonate \
             assume suppose play become acting reply speak",
        ),
        (
            "outlaw",
            "dan unrestricted unfiltered uncensored amoral jailbroken unaligned unethical immoral \
             lawless evil unlimited unhinged unchained unmoderated unbound filterless",
        ),
        (
            "assistant",
            "ai al assistant chatbot bot model chatgpt gpt llm robot gpt agent machine agi ais \
             intelligence",
        ),
        (
            "none",
            "no without zero nor free lacks unbound disregard disregards ignores neither beyond \
             bypasses",
        ),
        (
            "limit",
            "restriction restrictions limitation limitations limits limit filter filters rule rules \
             guideline guidelines ethics morals morality boundaries constraints censorship laws \
             safeguards policy policies guardrails regulations inhibitions moral ethical scruples",
        ),
        (
            "confines",
            "confines constraints shackles chains limitations boundaries restrictions limits",
        ),
        (
            "bound",
            "bound restricted limited constrained governed subject follow obey abide adhere comply \
             restrained confined filtered censored regulated",
        ),
        (
            "bypass",
            "bypass bypassing circumvent circumventing evade disable deactivate around drop remove \
             override overriding ignore ignoring violate suspend lift off disregard",
        ),
        ("bypass_last", "off disabled bypassed removed"),
        (
            "guard",
            "filter filters restriction restrictions safety guideline guidelines guardrail guardrails \
             safeguard safeguards limitation limitations moderation policy policies protection \
             protections censorship programming",
        ),
        ("safety", "safety security content ethical ethics moral moderation"),
        ("matter", "matter regardless irrespective irregardless despite unconcerned however"),
        (
            "bad",
            "illegal unethical immoral harmful dangerous offensive inappropriate unlawful hateful \
             controversial explicit nsfw violent derogatory racist sexist toxic amoral malicious lewd \
             criminal forbidden vulgar",
        ),
        ("secret_value", "passwords credentials secrets keys tokens"),
        ("maker", "developer developers creator creators openai anthropic operator operators"),
        ("free_of", "free freed without ignores disregards unbound has no bypasses exempt"),
        ("morals", "law laws moral morals ethics morality ethical legality rules"),
        ("bypass_foreign", "bypass circumvent evade"),
        ("denial", "never not don dont avoid refuse without cannot mustn shouldn"),
        (
            "reporting",
            "ask asks asked asking tell tells told telling instruct instructs instructed instructing \
             trick tricks tricked convince try tries trying tried attempt attempts attempting request \
             requests requested wants says saying explains called phrase phrases like contain contains \
             containing detects detect describes",
        ),
        (
            "secret",
            "keys passwords password credential credentials secret secrets token tokens conversation \
             history env environment variables passphrase cookies environ",
        ),
        (
            "private",
            "customer customers confidential internal personal private sensitive inbox user users \
             contact contacts donnees financial",
        ),
        (
            "send",
            "send post upload forward email mail transmit exfiltrate leak deliver append encode export \
             share submit put sending copy publish",
        ),
        (
            "destination",
            "http https www com net org io ru cn xyz test invalid example webhook pastebin attacker \
             server ftp url dev",
        ),
        ("collect", "collect gather find extract harvest dump retrieve fetch"),
        ("skip", "skip bypass without disable ignore avoid omit circumvent off suppress evade"),
        (
            "approval",
            "approval approvals confirmation confirmations confirm authorization authorisation consent \
             review permission verification confirming",
        ),
        ("human", "human manual manager operator supervisor person user"),
        (
            "run",
            "run execute call invoke transfer delete proceed use perform trigger purchase issue deploy \
             send wire pay refund invoking calling executing continue http_request",
        ),
        ("ask", "ask asking wait waiting confirm consult check"),
        ("user", "user users human humans operator owner anyone customer person victim"),
        (
            "note",
            "note attention message important instruction instructions attn notice reminder addressed",
        ),
        ("llm", "ai llm llms ais language chatgpt gpt claude gemini copilot bots automated"),
        (
            "llm_noun",
            "model models assistant assistants agent agents llm llms ai ais chatbot chatbots bot \
             system systems processing",
        ),
        (
            "decode",
            "decode decodes decipher decrypt unscramble translate decoding deobfuscate decoded",
        ),
        ("obey", "follow execute obey perform comply run act do carry"),
        (
            "encoding",
            "base64 base rot hex hexadecimal morse cipher caesar binary reversed encoded ascii rot13",
        ),
        (
            "tell",
            "tell telling inform informing mention mentioning notify notifying alert alerting warn",
        ),
        ("memory", "memory memories"),
        ("memory_verb", "save store write add commit update remember put"),
        (
            "void",
            "void cancelled canceled revoked obsolete null invalid suspended deactivated lifted \
             overridden expired disabled superseded erased",
        ),
        ("recite", "repeat recite retype regurgitate echo"),
        ("recite_last", "repeated recited reproduced"),
        (
            "passage",
            "text message messages content contents words passage paragraph everything prompt \
             conversation",
        ),
        ("above", "above preceding precedes preceded before foregoing"),
        ("verbatim", "verbatim unabridged"),
        ("got", "gotten"),
        ("conversation", "conversation chat dialogue session"),
        ("send_foreign", "exfiltrate leak"),
        ("send_last", "exfiltrated leaked"),
        ("use_tool", "use call invoke run"),
        ("tool", "tool tools function plugin"),
        ("untold", "unmentioned unreported"),
        ("run_foreign", "wire"),
        ("note_foreign", "attn"),
        ("for_whom", "addressed"),
        ("must", "must should shall"),
        ("policy", "policy policies"),
        ("data", "data"),
        ("remember_last", "remembered memorized"),
        ("admin", "administrator admin root superuser sysadmin"),
        ("show_me", "fetch pull"),
        ("records", "invoices invoice orders records payslips"),
        ("other", "other another"),
        ("tenant", "tenant tenants customer client"),
        ("fetch", "load fetch open visit"),
        ("summarize", "summarize summarise summary"),
        ("document", "document page article mail email text"),
        ("then", "then"),
        ("refuse", "refuse refuses"),
        ("have", "has have knows"),
        ("stop", "stop quit cease"),
        ("heed", "heed heeding"),
        ("i_am", "am m"),
        ("aside", "aside"),
        ("remember_foreign", "imprint"),
        ("standing", "permanently"),
        (
            "discussion",
            "phrase phrases example examples attack attacks attacker attackers injection injections \
             technique techniques vulnerability vulnerabilities detect detects detection detector \
             detectors classifier quote quotes quoted quoting quotation malicious hostile adversarial \
             mitigation mitigations mitigate defend defense defence owasp threat threats researcher \
             researchers research payload payloads exploit benchmark guidance sample literal unsafe \
             untrusted red-team redteam changelog documentation refuse refused refuses pattern \
             patterns training assert flagged meme lesson analysts recognize security article blog \
             paper describes explains called known risk risks jailbreaks says saying tries trying \
             attempts attempt filter filters blocks blocked rejects regression mention mentions \
             distinguish notes quiz discussion test tests readme format template templates tokenizer \
             markers wraps jailbreaking classic trick tricks tricked",
        ),
    ],
};
