//! Portuguese. A star stands for any ending.

use super::Language;

pub(super) const PORTUGUESE: Language = Language {
    lists: &[
        (
            "ignore",
            "ignore ignora ignorar ignorem esqueça esquece esquecer esqueçam desconsidere \
             desconsidera desconsiderar descarte despreze anule cancele",
        ),
        (
            "earlier",
            "anterior anteriores prévia* prévio* acima inicia* originais original sistema precedente* \
             desenvolvedor* existentes",
        ),
        ("before", "anterior anteriores acima antes recebid* dadas prévias iniciais sistema agora"),
        (
            "instruction",
            "instrução instruções regra regras diretriz diretrizes ordem ordens orientação \
             orientações prompt comandos diretivas restrições",
        ),
        ("your", "suas sua seu seus tuas tua teu teus"),
        ("all", "todas todos toda quaisquer qualquer"),
        ("everything", "tudo"),
        ("told", "disseram disse dito ensinaram ensinado aprendeu instruído informado ordenado"),
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
             torne seja será é interprete assuma",
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
        (
            "discussion",
            "exemplo* ataque* atacante* frase* técnica* segurança vulnerabilidade* injeção detect* \
             pesquisador* malicios* risco*",
        ),
    ],
};
