// What the app says, in Chinese and English.
const WORDS = {
  zh: {
    title: '附近零工', other: 'English', search_label: '找什么活', search: '搜索', category: '工种', all: '全部工种', none: '其他',
    near_me: '按离我远近排', locating: '正在定位……', no_position: '没有拿到您的位置。可以直接搜索。',
    more: '更多', my_tickets: '我的报名', back: '返回列表', phone: '手机号',
    phone_hint: '只用来报名。手机里不保存号码。', sign_up: '报名', jobs: (n) => `${n} 个岗位`, searching: '正在找……',
    looking: '正在找最近的站点……', no_node: '现在连不上任何站点。连上后会自动更新。', list_old: '下面是以前读到的。',
    at: (name, far, ms) => `站点：${name}${far ? `，${far}` : ''}，${ms} 毫秒。`,
    cut: '这个站点暂时断线，只用自己手里的名额。', moved: '前一个站点没有回应，已换站点。', note: '说明',
    unready: '这个站点暂时不收报名，可以看岗位。', widened: '附近没有合适的，这些远一些。',
    behind: '您看到的可能比您刚做的旧', behind_text: '收到您报名的站点现在连不上，别的站点还不知道。您的票保存在这部手机里，六位数字不变。',
    synthetic: '演示数据：班次、工资和名额由程序生成。', redated: '几年前的真实招工，日期是后加的。',
    seats: (here, free, cap) => (here > 0 ? `这里可当场确认 ${here} 个名额` : free > 0 ? `共 ${cap} 个名额，剩 ${free} 个` : `${cap} 个名额已满，可排队`),
    when: '时间', where: '地点', pay: '工资', places: '名额', per: { hour: '小时', day: '天', shift: '班', year: '年' },
    gone: '这个站点没有这个岗位的资料。', confirmed: '已确认', confirmed_text: '名额是您的。到场时出示这六位数字。',
    provisional: '站点与中心联系后最终生效。', cancel_asked: '已请求取消，等站点办理。',
    wait_listed: (n) => (n ? `排队第 ${n} 位` : '已排队'), wait_here: '这个名次只算本站点的人。', in_the_draw: '等抽签',
    wait_by: { arrival: '有空位时按先后顺序确认。', seniority: '有空位时，先给在这家干得最久的人。', lottery: '已经抽签，按抽到的顺序。' },
    wait_draw: (when) => `${when} 抽签，抽签前谁也不补。`, requested: '已提出，等待答复', requested_text: '还不是名额。请过一会儿再看。',
    cancelled: '已取消', bumped: '名额已被收回', why: '原因：',
    reasons: { closed: '岗位已关闭', cap_lowered: '名额减少', duplicate: '同一时间已有另一个报名', voided: '站点丢失，名额收回', worker: '本人取消', no_show: '没有到场', employer: '招工方取消' },
    kept_ticket: '票在这部手机里', kept_ticket_text: '现在问到的站点还不知道这张票。',
    sending: '正在报名……', sending_text: '可以离开这一页，答复会留在这里。',
    waiting: '还没有答复，会自动再问', waiting_text: (s) => `报名没有丢：${s} 秒后自动再问，不用再按。`,
    unanswered: '这次报名还没有答复', unanswered_text: '再输入一次同一个号码就能拿到答复，不会重复报名。', continue: '继续',
    no_answer: '还没有答复', no_answer_text: '站点都没有回应。您的报名没有丢：再按一次，不会重复。', kept_text: '您的报名没有丢：再按一次，不会重复。',
    later_text: '您的报名替您留着：到时再按一次，不会重复。',
    unsure_text: '以前问过的另一个站点还没有答复，那次可能已经报上。这里替您留着：过一会儿再按一次。',
    refused: '没有报上', already: '已经报过', gap: '', colon: '：', fresh: '用这个号码另报一次', tickets_here: '这部手机里有这个岗位的票：',
    digits: '六位数字', digits_label: '那张票的六位数字', digits_hint: '报名时给您的六位数字，在任何站点的机器上报的都行。', show_ticket: '看票',
    none_found: '没有找到。', again_in: (s) => (s < 120 ? `请等 ${s} 秒。` : `请等 ${Math.ceil(s / 60)} 分钟。`), phone_wrong: '手机号不对。请检查号码的位数。',
    problems: {
      'already-signed-up': '这个号码已经报过这个岗位，可能是在站点的机器或别的手机上。用那张票的六位数字可以看到它。', overlap: '这个号码在同一时间已有确认的岗位。用那张票的六位数字可以看到它。',
      closed: '岗位已关闭或已开工。请选别的岗位。', 'unknown-job': '这个站点没有这个岗位。请重新搜索。', 'bad-request': '站点看不懂这个请求。请检查后再试。',
      'profile-needed': '这个岗位要先登记资料。请到站点的机器上登记。', 'too-young': '年龄不到这个岗位的要求。', 'certificate-missing': '缺少这个岗位要的证件。',
      'language-missing': '缺少这个岗位要的语言。', 'too-far': '比您登记的最远距离还远。', 'not-admitted': '这里的规定不允许报这个岗位。',
      'key-reused': '上次按报名时是另一个号码，站点已经收到。想看那次的答复，请输入那个号码。', 'in-flight': '站点正在处理。', busy: '站点正忙。', timeout: '站点来不及答复。',
      'too-many-requests': '问得太频繁，站点请您等一等。', 'too-many-guesses': '输错太多次。票没有丢。', 'unknown-sign-up': '没有这六位数字的票。请检查。',
      frozen: '这个站点现在不收报名。', draining: '这个站点不再收新的报名。', 'disk-full': '站点的磁盘满了。', 'rule-unanswered': '站点暂时问不到它的规定。',
      internal: '站点出了错。', behind: '站点还不知道您刚做的事。', 'bad-query': '搜索的内容站点看不懂。请写短一些。',
    },
  },
  en: {
    title: 'Day jobs near by', other: '中文', search_label: 'What work', search: 'Search', category: 'Kind of work', all: 'All kinds', none: 'Other',
    near_me: 'Nearest to me first', locating: 'Finding where you are…', no_position: 'Your position could not be read. Search works without it.',
    more: 'More', my_tickets: 'My sign-ups', back: 'Back to the list', phone: 'Phone number',
    phone_hint: 'Only for signing up. It is not kept on this phone.', sign_up: 'Sign up', jobs: (n) => (n === 1 ? '1 job' : `${n} jobs`), searching: 'Searching…',
    looking: 'Looking for the nearest node…', no_node: 'No node can be reached at the moment. This page goes on by itself once one can.', list_old: 'What follows was read before.',
    at: (name, far, ms) => `Node: ${name}${far ? `, ${far}` : ''}, ${ms} ms.`,
    cut: 'This node is cut off and gives only the seats that it holds.', moved: 'The node before did not answer.', note: 'Note',
    unready: 'This node signs nobody up at the moment; you can look.', widened: 'Nothing near by fits. These are farther away.',
    behind: 'What you see may be older than what you did', behind_text: 'The node that took your sign-up cannot be reached, and the others have not heard of it. Your ticket is kept on this phone, and its six digits stay as they are.',
    synthetic: 'Demo data: shift, pay and seats were made by a program.', redated: 'A real post of years ago with made-up dates.',
    seats: (here, free, cap) => (here > 0 ? `${here} ${here === 1 ? 'seat' : 'seats'} can be confirmed on the spot` : free > 0 ? `${free} of ${cap} seats left` : `${cap} ${cap === 1 ? 'seat' : 'seats'} taken, you can queue`),
    when: 'When', where: 'Where', pay: 'Pay', places: 'Seats', per: { hour: 'hour', day: 'day', shift: 'shift', year: 'year' },
    gone: 'This node knows nothing of this job.', confirmed: 'Confirmed', confirmed_text: 'The seat is yours. Show these six digits when you arrive.',
    provisional: 'Final once the node has spoken to the hub.', cancel_asked: 'Its end was asked for; the node has not carried it out yet.',
    wait_listed: (n) => (n ? `Wait-listed: number ${n}` : 'Wait-listed'), wait_here: 'The number counts people of this node only.', in_the_draw: 'In the draw',
    wait_by: { arrival: 'Seats that come free go by this order.', seniority: 'Seats that come free go to whoever has worked there longest.', lottery: 'The line was drawn by lot; seats that come free go by it.' },
    wait_draw: (when) => `Places are drawn at ${when}. Nobody gets one before.`, requested: 'Requested, no answer yet', requested_text: 'This is not a seat. Look again in a while.',
    cancelled: 'Cancelled', bumped: 'The seat was taken back', why: 'Why: ',
    reasons: { closed: 'the job was closed', cap_lowered: 'there are fewer seats', duplicate: 'another sign-up at that time', voided: 'its node was lost', worker: 'you gave it back', no_show: 'nobody came', employer: 'the employer cancelled it' },
    kept_ticket: 'The ticket is on this phone', kept_ticket_text: 'The node that was asked has not heard of it yet.',
    sending: 'Signing up…', sending_text: 'You may leave this page: the answer stays here.',
    waiting: 'No answer yet; it is asked for again', waiting_text: (s) => `Your sign-up is not lost: it is asked for again in ${s} s, with no need to press.`,
    unanswered: 'This sign-up has no answer yet', unanswered_text: 'Type the same number again to get the answer; nothing is signed up twice.', continue: 'Go on',
    no_answer: 'No answer yet', no_answer_text: 'No node answered. Your sign-up is not lost: press again, nothing is signed up twice.', kept_text: 'Your sign-up is not lost: press again, nothing is signed up twice.',
    later_text: 'Your sign-up is kept here: press again then, nothing is signed up twice.',
    unsure_text: 'Another node that was asked before has not answered, and may have signed you up. That is kept here: press again in a while.',
    refused: 'Not signed up', already: 'Signed up already', gap: ' ', colon: ': ', fresh: 'Sign up this number as well', tickets_here: 'This phone keeps a ticket for this job:',
    digits: 'Six digits', digits_label: 'Six digits of that ticket', digits_hint: 'They were given with the sign-up, also at a kiosk.', show_ticket: 'Show it',
    none_found: 'Nothing found.', again_in: (s) => (s < 120 ? `Wait ${s} s.` : `Wait ${Math.ceil(s / 60)} minutes.`), phone_wrong: 'The phone number is not right. Check its digits.',
    problems: {
      'already-signed-up': 'This number has a sign-up for this job, perhaps from a kiosk or another phone. The six digits of its ticket show it.', overlap: 'This number has a confirmed place at that time. The six digits of that ticket show it.',
      closed: 'The job is closed or has begun. Choose another one.', 'unknown-job': 'This node does not have the job. Search again.', 'bad-request': 'The node cannot read this request. Check what you typed.',
      'profile-needed': 'This job asks for things that are not known of you. Enrol at a kiosk first.', 'too-young': 'You are too young for this job.', 'certificate-missing': 'You lack a certificate that this job asks for.',
      'language-missing': 'You lack a language that this job asks for.', 'too-far': 'It is farther away than you said that you go.', 'not-admitted': 'A rule here keeps you from this job.',
      'key-reused': 'The last try was with another number, and the node took it. Type that number to see its answer.', 'in-flight': 'The node is at work on it.', busy: 'The node is busy.', timeout: 'The node was too slow.',
      'too-many-requests': 'The node was asked too often.', 'too-many-guesses': 'Wrong digits too often. The ticket is not lost.', 'unknown-sign-up': 'There is no ticket with these digits. Check them.',
      frozen: 'This node signs nobody up.', draining: 'This node takes nobody new.', 'disk-full': 'The node’s disk is full.', 'rule-unanswered': 'A rule of the node could not be asked.',
      internal: 'The node failed.', behind: 'The node has not heard of what you did.', 'bad-query': 'The node cannot use this search. Write fewer words.',
    },
  },
};

const KEPT = 'dayshift.lang';
let lang = localStorage.getItem(KEPT) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');

export function words() {
  return WORDS[lang];
}

export function language() {
  return lang;
}

export function otherLanguage() {
  lang = lang === 'zh' ? 'en' : 'zh';
  localStorage.setItem(KEPT, lang);
}

// Times are those of the place where the work is, wherever the phone is.
let placeZone;

export function setZone(timeZone) {
  placeZone = timeZone;
}

export function money(job) {
  const format = new Intl.NumberFormat(lang, { style: 'currency', currency: job.currency || 'CNY' });
  const amount = job.pay_minor / 10 ** format.resolvedOptions().maximumFractionDigits;
  return `${format.format(amount)} / ${words().per[job.pay_unit] ?? job.pay_unit}`;
}

export function time(job) {
  const day = new Intl.DateTimeFormat(lang, { timeZone: placeZone, month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return day.formatRange(new Date(job.start_at), new Date(job.end_at));
}

// A moment in the time of the place.
export function moment(at) {
  return new Intl.DateTimeFormat(lang, { timeZone: placeZone, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));
}

export function distance(metres) {
  if (metres == null) return '';
  const kilometres = new Intl.NumberFormat(lang, { style: 'unit', unit: 'kilometer', maximumFractionDigits: 1 });
  return kilometres.format(metres / 1000);
}
