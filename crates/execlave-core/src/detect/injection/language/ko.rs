//! Korean. Particles join the word: every run of syllables is looked up, so stems are enough.

use super::Language;

pub(super) const KOREAN: Language = Language {
    lists: &[
        ("ignore", "무시하 무시해 잊어 잊고 무시 따르지"),
        ("ignore_last", "무시하 무시해 잊어 잊고 무시 따르지 버려"),
        ("earlier", "이전 위의 앞의 기존 지금까지 앞선 원래 시스템 처음"),
        ("before", "이전 위의 지금까지"),
        ("instruction", "지시 명령 규칙 지침 프롬프트 가이드라인 제약 설정 안내"),
        ("your", "너의 네 당신의 자신의"),
        ("all", "모든 전부 모두"),
        ("everything", "모든 전부 모두"),
        ("told", "들은 배운 말한"),
        ("reveal_foreign", "보여 알려 출력 공개 말해"),
        ("reveal_last", "보여 알려 출력 공개 말해 표시 반복 드러내 밝혀"),
        ("system", "시스템 숨겨진 비밀 내부 초기"),
        ("prompt", "프롬프트 지시 지침 메시지"),
        ("systemprompt", "시스템프롬프트"),
        ("become", "너는 당신은 넌 역할 행동해 척해 가장해 연기해 되어"),
        ("become_last", "이야 이다 처럼 행동 척해 되어"),
        ("outlaw", "무제한 사악한 제한없는 검열되지 악한 탈옥"),
        ("none", "없는 없이 없어 않는 벗어난"),
        ("limit", "제한 제약 규칙 윤리 검열 필터 도덕 한계"),
        ("assistant", "ai 인공지능 어시스턴트 모델 봇 로봇 비서 챗봇"),
        ("bypass", "우회 해제 비활성화 끄고 제거 무력화 꺼"),
        ("bypass_foreign", "우회 해제 비활성화 끄고 제거 무력화 꺼"),
        ("bypass_last", "우회 해제 비활성화 끄고 제거 무력화 꺼 무시"),
        ("guard", "필터 제한 안전 검열 보호 가드레일 정책 보안"),
        ("discussion", "예시 예를 공격 인젝션 취약점 문구 기법 탐지 연구 악성 위험 주입"),
    ],
};
