//! Portuguese. A star stands for any ending.

use super::Language;

pub(super) const PORTUGUESE: Language = Language {
    lists: &[
        (
            "ignore",
            "ignore ignora ignorar ignorem esqueça esquece esquecer esqueçam desconsidere desconsidera \
             desconsiderar descarte despreze anule cancele",
        ),
        (
            "earlier",
            "anterior anteriores prévia* prévio* acima inicia* originais original sistema precedente* \
             desenvolvedor* existentes",
        ),
        ("before", "anterior anteriores acima antes recebid* dadas prévias iniciais sistema agora"),
        (
            "instruction",
            "instrução instruções regra regras diretriz diretrizes ordem ordens orientação orientações \
             prompt comandos diretivas restrições",
        ),
        ("your", "suas sua seu seus tuas tua teu teus"),
        ("all", "todas todos toda quaisquer qualquer"),
        ("everything", "tudo"),
        (
            "told",
            "disseram disse dito ensinaram ensinado aprendeu instruído informado ordenado recebeu \
             recebeste deram",
        ),
        (
            "reveal_foreign",
            "mostre mostra mostrar revele revela revelar exiba exibir imprima diga diz repita repete \
             escreva compartilhe divulgue liste",
        ),
        ("system", "sistema ocult* secret* intern* inicial iniciais"),
        ("prompt", "prompt prompts instruções mensagem"),
        (
            "become",
            "você és aja age agir finja finge fingir simule simula comporte responda responde imagine \
             torne seja será é interprete assuma chama chamas",
        ),
        ("outlaw", "malvad* maligno amoral ilimitad* censura dan irrestrit*"),
        ("none", "sem nenhuma nenhum livre"),
        (
            "limit",
            "restrição restrições limite limites limitação limitações regra regras filtro filtros \
             censura ética moral",
        ),
        ("assistant", "ia ai assistente modelo bot chatbot robô inteligência"),
        (
            "bypass",
            "desative desativa desativar contorne contornar burle burlar ignore remova desabilite \
             desligue elimine evite",
        ),
        (
            "bypass_foreign",
            "desative desativa desativar contorne contornar burle burlar ignore remova desabilite \
             desligue elimine evite",
        ),
        (
            "guard",
            "filtro filtros restrições segurança proteção proteções limites limitações moderação \
             políticas salvaguardas",
        ),
        ("recite", "repita repete repetir copie copia reproduza transcreva reescreva escreva"),
        ("passage", "texto mensagem mensagens conteúdo escrito palavras"),
        ("above", "acima anterior anteriores antes precede começou"),
        ("verbatim", "palavra letra literal* íntegra integral* caractere"),
        ("got", "recebeu recebido recebeste deram"),
        ("conversation", "conversa chat diálogo"),
        ("send_foreign", "envie envia enviar mande manda encaminhe transmita publique"),
        ("secret", "senha* chaves credenci* segredo* histórico ambiente"),
        ("use_tool", "use usa utilize chame execute"),
        ("tool", "ferramenta* função"),
        ("never", "não nunca jamais"),
        ("tell", "diga conte avise mencione informe notifique"),
        ("user", "usuário utilizador"),
        ("skip", "sem pule ignore"),
        ("approval", "confirmação aprovação autorização permissão consentimento"),
        ("run_foreign", "exclua apague transfira pague aprove delete transferência pagamento"),
        ("note_foreign", "nota aviso mensagem atenção"),
        ("for_whom", "para"),
        ("llm", "ia llm chatgpt inteligência"),
        ("must", "deve devem"),
        ("policy", "política políticas regra* diretriz*"),
        ("data", "dados informações senhas chaves"),
        ("remember_foreign", "lembre guarde lembra grave"),
        ("admin", "administrador administradora admin root"),
        ("show_me", "mostre mostra diga liste acesse"),
        ("records", "fatura* pedido* histórico dados registro* conversa* conta*"),
        ("other", "outro outra outros"),
        ("tenant", "cliente inquilino empresa organização usuário"),
        ("fetch", "carregue abra visite baixe"),
        ("summarize", "resuma resume resumir"),
        ("document", "documento página texto artigo"),
        ("then", "depois então"),
        ("refuse", "recusa nega recusas"),
        ("have", "tem tens conhece possui"),
        ("stop", "pare deixe ponha"),
        ("heed", "seguir obedecer cumprir"),
        ("i_am", "sou"),
        ("aside", "lado"),
        ("llm_noun", "assistente assistentes modelo modelos sistema sistemas agente agentes"),
        ("standing", "sempre este"),
        ("secret", super::NAMES),
        ("destination", super::ADDRESSES),
        (
            "discussion",
            "exemplo* ataque* atacante* frase* técnica* segurança vulnerabilidade* injeção detect* \
             pesquisador* malicios* risco*",
        ),
    ],
};
