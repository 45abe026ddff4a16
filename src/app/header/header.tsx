import { LogoIcon } from '../icons';
import './header.css';

export function Header() {
  return (
    <header className="header">
      <h1 className="header-name">
        <LogoIcon />
        Kinora
      </h1>
      <p className="header-line">Words to video in this tab, on your own machine. Nothing you type leaves it.</p>
    </header>
  );
}
